using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Database connections of API requests.</summary>
public sealed class ConnectionUseTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Requests_that_wait_for_the_access_policies_hold_no_connections()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var producers = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            producers.Add(await server.TokenAsync(TokenRole.Producer));
        }

        // The policies include those of sessions, which the creation of a viewer token does not touch.
        await using (var locked = await LockAsync(server, "sessions"))
        {
            var waiting = producers.SelectMany(token => Enumerable.Range(0, 4).Select(_ =>
                server.SendAsync("POST", "/api/v1/channels/demo/viewer-tokens", token, new { }))).ToList();
            await Poll.UntilAsync(async () => await CountAsync(locked, "SELECT count(*) FROM viewer_tokens") == waiting.Count);

            (await server.SendAsync("GET", "/api/v1/channels", await server.TokenAsync(TokenRole.Viewer))).Status.ShouldBe(200);

            await locked.DisposeAsync();
            (await Task.WhenAll(waiting)).ShouldAllBe(answer => answer.Status == 201);
        }
    }

    private static async Task<NpgsqlConnection> LockAsync(Server server, string table)
    {
        var connection = await ConnectAsync(server);
        await using var command = new NpgsqlCommand($"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    private static async Task<NpgsqlConnection> ConnectAsync(Server server)
    {
        var connection = new NpgsqlConnection(server.Get<ServerDatabase>().Settings.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
