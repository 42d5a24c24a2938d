using Broadcast.Control.Channels;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;

namespace Broadcast.Control.Tests;

/// <summary>State that several servers share in one database, and simulated states of a server after some time or a crash.</summary>
internal static class SharedDatabase
{
    /// <summary>Creates a channel 'demo' with a session stored by the server.</summary>
    public static async Task<(string Key, PublishGrant Grant)> OnAirAsync(Server server, TimeSpan? window = null)
    {
        var key = (await server.Get<ChannelRepository>()
            .CreateAsync("demo", new(ReconnectWindow: window ?? TimeSpan.FromMinutes(5)))).Key.StreamKey;
        var grant = (await server.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>().Grant;
        await server.Get<SessionWriter>().FlushAsync(default);
        return (key, grant);
    }

    /// <summary>Makes the stopped server of a session look killed, and the other servers look long-running.</summary>
    public static async Task KilledAsync(Server server, SessionId session, int secondsAgo)
    {
        await ExecuteAsync(server, "UPDATE servers SET unbroken_since = unbroken_since - interval '10 minutes'");
        await ExecuteAsync(
            server,
            $"UPDATE servers SET released = false, lease_until = clock_timestamp() + make_interval(secs => {20 - secondsAgo}) WHERE id = "
            + $"(SELECT owner FROM sessions WHERE id = '{session}')");
    }

    /// <summary>Adds another live server.</summary>
    public static async Task<Guid> AddServerAsync(Server server)
    {
        var id = Guid.NewGuid();
        await ExecuteAsync(server, $"""
            INSERT INTO servers (id, run, name, place, started_at, last_seen_at, unbroken_since, lease_until, released)
            VALUES ('{id}', '{id}', 'other', '', now(), now(), now(), now() + interval '1 hour', false)
            """);
        return id;
    }

    /// <summary>Adds an open session of a new channel.</summary>
    public static async Task<SessionId> InsertSessionAsync(Server server, string channel, Guid owner)
    {
        await server.Get<ChannelRepository>().CreateAsync(channel, new());
        var id = SessionId.New(TimeProvider.System.GetUtcNow());
        await ExecuteAsync(server, $"""
            INSERT INTO sessions (id, channel_id, epoch, latency, started_at, owner)
            SELECT '{id}', id, 1, 'low', now(), '{owner}' FROM channels WHERE name = '{channel}'
            """);
        return id;
    }

    /// <summary>Runs SQL.</summary>
    public static async Task ExecuteAsync(Server server, string sql)
    {
        await using var command = server.Get<ServerDatabase>().Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Number of servers with a lease.</summary>
    public static async Task<long> CountLeasesAsync(Server server)
    {
        await using var connection = await server.Get<ServerDatabase>().Source.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM servers WHERE lease_until > clock_timestamp()");
    }

    /// <summary>A session's row.</summary>
    public static async Task<Row> RowAsync(Server server, SessionId session)
    {
        await using var connection = await server.Get<ServerDatabase>().Source.OpenConnectionAsync();
        return await connection.QuerySingleAsync<Row>("SELECT epoch, end_reason AS endReason, owner FROM sessions WHERE id = @id",
            new { id = session.Value });
    }

    /// <summary>The sessions that are open.</summary>
    public static async Task<List<string>> OpenAsync(Server server)
    {
        await using var connection = await server.Get<ServerDatabase>().Source.OpenConnectionAsync();
        return [.. await connection.QueryAsync<string>("SELECT id FROM sessions WHERE ended_at IS NULL")];
    }

    /// <summary>Creates the session management of a server without the server: with its own id and a permanent lease.</summary>
    public static (SessionWriter Ledger, SessionManager Book) NewBook(PublishHarness rig)
    {
        var identity = new ServerIdentity(new DataFolder("/nonexistent"), NullLogger<ServerIdentity>.Instance);
        using (var connection = rig.Database.Source.OpenConnection())
        {
            connection.Execute(
                """
                INSERT INTO servers (id, run, name, place, started_at, last_seen_at, unbroken_since, lease_until, released)
                VALUES (@id, @id, '', '', now(), now(), now(), now() + interval '1 hour', false)
                """,
                new { id = identity.Id });
        }

        var ledger = new SessionWriter(rig.Database, rig.Clock, NullLogger.Instance, identity, Options.Create(new ControlOptions()));
        var book = new SessionManager(ledger, null, rig.Clock, NullLogger.Instance);
        ledger.OwnershipLost += (session, reason) => book.End(session, reason);
        return (ledger, book);
    }

    /// <summary>The shared columns of a session's row.</summary>
    internal sealed record Row(long Epoch, string? EndReason, Guid Owner);
}
