using System.Collections.Concurrent;
using System.Net;
using Broadcast.Control.Channels;
using Broadcast.Control.Lookups;
using Broadcast.Control.Publishing;
using Broadcast.Control.Recordings;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Npgsql;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>A database that accepts connections and never answers.</summary>
public sealed class HungDatabaseTests(PostgresFixture postgres)
{
    private const int Requests = 50;

    [Fact]
    public async Task Lookups_of_unknown_recordings_are_answered_without_canceling_statements_in_a_hung_database()
    {
        var settings = new NpgsqlConnectionStringBuilder((await postgres.FreshAsync()).ConnectionString);
        await using var relay = new StallingRelay(Path.Combine(settings.Host!, ".s.PGSQL.5432"));
        (settings.Host, settings.Port) = ("127.0.0.1", relay.Port);
        await using var database = await postgres.OpenAsync(
            new() { ConnectionString = settings.ConnectionString, CommandTimeout = TimeSpan.FromSeconds(60) });
        var options = new ControlOptions { LookupTimeout = TimeSpan.FromMilliseconds(200) };
        using var catalog = new RecordingCatalog(database, Options.Create(options), TimeProvider.System, new OtherClients());
        var keys = new StreamKeyCache(database, Options.Create(options), TimeProvider.System);
        await WarmUpAsync(database);

        relay.Stall();
        var connections = relay.Connections;
        var failures = new ConcurrentBag<Exception?>();
        await Task.WhenAll(Enumerable.Range(0, Requests).Select(async _ =>
            failures.Add(await Record.ExceptionAsync(async () => await catalog.FindAsync(RecordingId.Of(NewSession()), default)))));
        var key = await Record.ExceptionAsync(async () => await keys.FindAsync("nosuchkey", default));

        failures.Count.ShouldBe(Requests);
        failures.ShouldAllBe(e => e is RecordingsUnavailableException);
        key.ShouldBeOfType<OperationException>().Code.ShouldBe(OperationErrorCode.Unavailable);
        catalog.Lookups.Running.ShouldBe(LookupSlots.MaxRunning, "a slot is in use until its statement ends");
        catalog.Lookups.Waiting.ShouldBe(0, "nobody waits longer than the timeout");

        relay.Resume();
        await Poll.UntilAsync(() => catalog.Lookups.Running == 0, description: "the statements have ended");
        (await catalog.FindAsync(RecordingId.Of(NewSession()), default)).ShouldBeNull();
        relay.Connections.ShouldBe(connections, "a statement is canceled on a connection of its own, which blocks a thread");
    }

    [Fact]
    public async Task Services_and_lease_have_connections_while_requests_use_all_of_theirs()
    {
        var options = await postgres.FreshAsync();
        var requests = new HttpContextAccessor();
        await using var database = await OpenAsync(options, requests);
        requests.HttpContext = new DefaultHttpContext();
        var held = new List<NpgsqlConnection>();
        try
        {
            while (held.Count < new NpgsqlConnectionStringBuilder(options.ConnectionString).MaxPoolSize)
            {
                held.Add(await database.Source.OpenConnectionAsync());
            }

            requests.HttpContext = null;
            foreach (var source in (NpgsqlDataSource[])[
                database.Source, database.LeaseSource, database.LookupSource, database.ReloadSource])
            {
                await using var connection = await source.OpenConnectionAsync();
                connection.State.ShouldBe(System.Data.ConnectionState.Open);
            }
        }
        finally
        {
            foreach (var connection in held)
            {
                await connection.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Connections_of_two_servers_and_a_command_fit_into_a_default_PostgreSQL()
    {
        var requests = new HttpContextAccessor();
        await using var database = await OpenAsync(new()
        {
            ConnectionString = new NpgsqlConnectionStringBuilder((await postgres.FreshAsync()).ConnectionString)
            {
                MaxPoolSize = 100,
            }.ConnectionString,
        }, requests);

        var ofServices = database.Source;
        requests.HttpContext = new DefaultHttpContext();
        ServerDatabase.MaxConnections.ShouldBe(41, "docs/configuration.md");
        ((NpgsqlDataSource[])[database.Source, ofServices, database.LookupSource, database.LeaseSource, database.ReloadSource,
            database.ProbeSource])
            .Sum(source => new NpgsqlConnectionStringBuilder(source.ConnectionString).MaxPoolSize).ShouldBe(ServerDatabase.MaxConnections);
        ((2 * ServerDatabase.MaxConnections) + 10).ShouldBeLessThanOrEqualTo(97);
        (2 * LookupSlots.MaxRunning).ShouldBeLessThan(ServerDatabase.MaxLookupConnections, "stream keys are left some");
    }

    private static async Task<ServerDatabase> OpenAsync(DatabaseOptions options, IHttpContextAccessor requests)
    {
        var database = new ServerDatabase(new DataFolder("/nonexistent"), () => options, TimeProvider.System, null, requests);
        await database.OpenAsync(default);
        return database;
    }

    private static async Task WarmUpAsync(ServerDatabase database)
    {
        var connections = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => database.LookupSource.OpenConnectionAsync().AsTask()));
        foreach (var connection in connections)
        {
            await connection.DisposeAsync();
        }
    }

    private static SessionId NewSession() => SessionId.New(TimeProvider.System.GetUtcNow());

    /// <summary>Each request comes from another address.</summary>
    private sealed class OtherClients : IHttpContextAccessor
    {
        private int _last;

        public HttpContext? HttpContext
        {
            get => new DefaultHttpContext { Connection = { RemoteIpAddress = new IPAddress([10, 0, 0, (byte)++_last]) } };
            set => throw new NotSupportedException();
        }
    }
}
