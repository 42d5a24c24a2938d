using Broadcast.Control.Access;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class DeletedChannelsTests(PostgresFixture postgres)
{
    private static readonly ChannelName Main = ChannelName.Parse("main");

    [Fact]
    public async Task Changes_apply_while_the_sessions_of_a_deleted_channel_are_removed()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var channels = server.Get<ChannelRepository>();
        await channels.CreateAsync("main", new());
        await channels.CreateAsync("old", new());
        var key = (await channels.CreateAsync("other", new())).Key.StreamKey;
        var grant = (await server.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>().Grant;
        await SharedDatabase.ExecuteAsync(server, $"""
            INSERT INTO sessions (id, channel_id, epoch, latency, started_at, ended_at, end_reason)
            SELECT '{SessionId.New(TimeProvider.System.GetUtcNow())}', id, 1, 'low', now(), now(), 'over' FROM channels WHERE name = 'old'
            """);
        using var removal = new ManualResetEventSlim();
        var isRemoving = false;
        server.Lifecycle.Forgetting = _ =>
        {
            isRemoving = true;
            removal.Wait();
        };

        try
        {
            await channels.DeleteAsync("old");
            await Poll.UntilAsync(() => isRemoving);
            await channels.SetAsync("main", new() { Access = "token" });
            await channels.DeleteAsync("other");

            await Poll.UntilAsync(() => server.Get<ViewerPolicyCache>().Find(Main)?.Access == ViewerAccess.Token);
            await Poll.UntilAsync(() => grant.Revoked.IsCancellationRequested);
        }
        finally
        {
            removal.Set();
        }

        await Poll.UntilAsync(async () => await CountAsync(server) == 1);
    }

    [Fact]
    public async Task Failed_removal_is_repeated()
    {
        var options = await postgres.FreshAsync();
        await using var server = await Server.StartAsync(options.ConnectionString);
        var key = (await server.Get<ChannelRepository>().CreateAsync("main", new())).Key.StreamKey;
        var grant = (await server.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>().Grant;
        await server.Get<SessionWriter>().FlushAsync(default);
        var failures = 0;
        server.Lifecycle.Forgetting = session =>
        {
            if (++failures == 1)
            {
                throw new InvalidOperationException($"not now: {session}");
            }
        };

        await server.Get<ChannelRepository>().DeleteAsync("main");
        await Poll.UntilAsync(() => failures >= 1);
        await server.Get<ChannelRepository>().CreateAsync("next", new());   // another change

        await Poll.UntilAsync(async () => await CountAsync(server) == 1);
        server.Lifecycle.Forgotten.ShouldBe([grant.Session.Id]);
    }

    [Fact]
    public async Task Access_change_is_in_effect_with_the_response()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("main", new());
        var token = await server.TokenAsync(TokenRole.Producer);

        for (var i = 0; i < 10; i++)
        {
            foreach (var access in (ViewerAccess[])[ViewerAccess.Token, ViewerAccess.Public])
            {
                (await server.SendAsync("PATCH", "/api/v1/channels/main", token, new { access = ChannelRules.Name(access) })).Status
                    .ShouldBe(200);
                server.Get<ViewerPolicyCache>().Find(Main)!.Access.ShouldBe(access);
            }
        }
    }

    private static async Task<long> CountAsync(Server server)
    {
        await using var command = server.Get<Broadcast.Database.ServerDatabase>().Source
            .CreateCommand("SELECT count(*) FROM channels");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
