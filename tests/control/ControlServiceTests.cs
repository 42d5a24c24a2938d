using System.Diagnostics;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Publishing;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Database.Postgres;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class ControlServiceTests(PostgresFixture postgres)
{
    [Fact]
    public async Task First_start_reports_channel_stream_key_and_setup_code_once()
    {
        var options = await postgres.FreshAsync();
        await using (var server = await Server.StartAsync(options.ConnectionString, firstChannel: true))
        {
            var first = await server.Get<FirstRun>().Completion;
            first.Channel.ShouldBe("main");
            (await server.AskAsync(first.StreamKey!)).ShouldBeOfType<PublishDecision.Granted>();
            (await server.Get<SetupCodes>().RedeemAsync(first.SetupCode!)).Info.Role.ShouldBe(TokenRole.Admin);
            first.ToString().ShouldNotContain(first.StreamKey!);
        }

        await using var again = await Server.StartAsync(options.ConnectionString, firstChannel: true);
        (await again.Get<FirstRun>().Completion).ShouldBe(new FirstRunResult(null, null, null));
    }

    [Fact]
    public async Task Server_creates_no_channel_unless_configured()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        (await server.Get<FirstRun>().Completion).Channel.ShouldBeNull();
        (await server.Get<ChannelRepository>().ListAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task End_request_of_another_process_ends_the_session_and_disconnects_its_publisher()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var key = (await server.Get<ChannelRepository>().CreateAsync("demo", new())).Key.StreamKey;
        var grant = ((PublishDecision.Granted)await server.AskAsync(key)).Grant;
        await server.Get<SessionWriter>().FlushAsync(default);
        using var acting = Actor.Use(new(ActorKind.Command, "jane", "channel end", ""));
        var ends = new SessionEndRequests(server.Get<ServerDatabase>(), TimeProvider.System);

        // Sent before the server listens, so nothing receives it.
        await Poll.UntilAsync(async () =>
        {
            if (await ends.RequestAsync("demo") is { } asked)
            {
                asked.ShouldBe(grant.Session.Id);
            }

            return await ends.WaitAsync(grant.Session.Id, TimeSpan.FromSeconds(5));
        });

        await Poll.UntilAsync(() => grant.Revoked.IsCancellationRequested
            && server.Lifecycle.Ended.Contains(("demo", grant.Session.Id, SessionEndRequests.Reason)));
        (await ends.RequestAsync("demo")).ShouldBeNull("none is open any more");
        (await Should.ThrowAsync<OperationException>(() => ends.RequestAsync("none"))).Code.ShouldBe(OperationErrorCode.NotFound);
        var row = (await server.Get<AuditLog>().ListAsync(new(Action: "session.end")))[0];
        (row.Actor.Kind, row.Subject, row.Detail["channel"]).ShouldBe((ActorKind.Command, $"session/{grant.Session.Id.Value}", "demo"));
    }

    [Fact]
    public async Task Restart_continues_an_open_session_with_a_higher_epoch_and_a_new_reconnect_window()
    {
        var options = await postgres.FreshAsync();
        string key;
        BroadcastSession before;
        await using (var server = await Server.StartAsync(options.ConnectionString))
        {
            key = (await server.Get<ChannelRepository>().CreateAsync("demo", new(Latency: "safe"))).Key.StreamKey;
            before = ((PublishDecision.Granted)await server.AskAsync(key)).Grant.Session;
        }   // its encoder never disconnected

        await using var next = await Server.StartAsync(options.ConnectionString);
        var after = ((PublishDecision.Granted)await next.AskAsync(key)).Grant.Session;

        after.ShouldBe(before with { Epoch = 2 });
        next.Lifecycle.Ended.ShouldBeEmpty();
    }

    [Fact]
    public async Task Session_after_a_restart_has_a_higher_id_despite_a_clock_set_back()
    {
        var options = await postgres.FreshAsync();
        var before = SessionId.New(TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(1));
        string key;
        await using (var server = await Server.StartAsync(options.ConnectionString))
        {
            key = (await server.Get<ChannelRepository>().CreateAsync("demo", new())).Key.StreamKey;
            await using var command = server.Get<ServerDatabase>().Source.CreateCommand(
                $"INSERT INTO sessions (id, channel_id, epoch, latency, started_at, ended_at, end_reason) SELECT '{before}', id, 1, "
                + "'low', now(), now(), 'over' FROM channels");
            await command.ExecuteNonQueryAsync();
        }

        await using var next = await Server.StartAsync(options.ConnectionString);

        ((PublishDecision.Granted)await next.AskAsync(key)).Grant.Session.Id.ShouldBeGreaterThan(before);
    }

    [Fact]
    public async Task Session_with_ended_media_is_not_continued_after_a_restart()
    {
        var options = await postgres.FreshAsync();
        string key;
        SessionId over;
        await using (var server = await Server.StartAsync(options.ConnectionString))
        {
            key = (await server.Get<ChannelRepository>().CreateAsync("demo", new())).Key.StreamKey;
            over = ((PublishDecision.Granted)await server.AskAsync(key)).Grant.Session.Id;
        }

        await using var next = await Server.StartAsync(options.ConnectionString,
            states: new States(new(ChannelRunState.Ended, over, null)));

        ((PublishDecision.Granted)await next.AskAsync(key)).Grant.Session.Id.ShouldBeGreaterThan(over);
        await Poll.UntilAsync(async () => (await next.Get<SessionHistory>()
            .ListAsync("demo")).Any(s => s.EndReason == "already ended at startup"));
    }

    [Fact]
    public async Task Media_without_an_open_session_are_ended_at_startup()
    {
        var options = await postgres.FreshAsync();
        await using (var server = await Server.StartAsync(options.ConnectionString))
        {
            await server.Get<ChannelRepository>().CreateAsync("demo", new());
        }

        var stray = SessionId.New(DateTimeOffset.UnixEpoch);
        await using var next = await Server.StartAsync(options.ConnectionString,
            states: new States(new(ChannelRunState.Waiting, stray, null)));

        next.Lifecycle.Ended.ShouldHaveSingleItem().Session.ShouldBe(stray);
    }

    [Fact]
    public async Task Startup_waits_for_the_media_of_open_sessions_only_and_ends_others_later()
    {
        var options = await postgres.FreshAsync();
        await using (var server = await Server.StartAsync(options.ConnectionString))
        {
            var key = (await server.Get<ChannelRepository>().CreateAsync("open", new())).Key.StreamKey;
            (await server.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>();
            await server.Get<ChannelRepository>().CreateAsync("demo", new());
        }

        var (stray, recovered) = (SessionId.New(DateTimeOffset.UnixEpoch), new TaskCompletionSource());
        await using var next = await Server.StartAsync(options.ConnectionString, recovered: recovered.Task,
            states: new States(new(ChannelRunState.Waiting, stray, null)));
        next.Lifecycle.Recovered.ShouldBe(["open"]);
        next.Lifecycle.Ended.ShouldBeEmpty("the sessions of other channels are not known yet");

        recovered.SetResult();
        await Poll.UntilAsync(() => next.Lifecycle.Ended.Any(end => end.Channel == "demo" && end.Session == stray));
    }

    private sealed class States(ChannelRuntimeState state) : IChannelRuntimeStates
    {
        public ChannelRuntimeState? Find(ChannelName channel) => state;
    }

    [Fact]
    public async Task Key_created_by_another_process_is_cached_and_works_during_a_database_outage()
    {
        var options = await postgres.FreshAsync();
        await using var server = await Server.StartAsync(options.ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        await using var command = await postgres.OpenAsync(options);

        var made = await new StreamKeys(command, TimeProvider.System).CreateAsync("demo", StreamKeyRole.Guest);

        await Poll.UntilAsync(() => server.Get<StreamKeyCache>().GetCached(made.Key.Id) is not null);
        await server.Get<ServerDatabase>().DisposeAsync();
        (await server.AskAsync(made.StreamKey)).ShouldBeOfType<PublishDecision.Granted>();
    }

    [Fact]
    public async Task Session_left_open_by_a_restart_ends_when_its_publisher_does_not_reconnect()
    {
        var options = await postgres.FreshAsync();
        SessionId session;
        await using (var server = await Server.StartAsync(options.ConnectionString))
        {
            var key = (await server.Get<ChannelRepository>()
                .CreateAsync("demo", new(ReconnectWindow: TimeSpan.FromSeconds(1)))).Key.StreamKey;
            session = ((PublishDecision.Granted)await server.AskAsync(key)).Grant.Session.Id;
        }

        await using var next = await Server.StartAsync(options.ConnectionString);
        await Poll.UntilAsync(() => next.Lifecycle.Ended.Any(e => e.Session == session));
        await Poll.UntilAsync(async () => (await next.Get<SessionHistory>().ListAsync("demo")).Single().EndedAt is not null);
    }

    [Fact]
    public async Task Key_revoked_by_another_process_disconnects_its_publisher()
    {
        var options = await postgres.FreshAsync();
        await using var server = await Server.StartAsync(options.ConnectionString);
        await using var command = await postgres.OpenAsync(options);
        var created = await new ChannelRepository(command, TimeProvider.System).CreateAsync("demo", new());
        var other = await new ChannelRepository(command, TimeProvider.System).CreateAsync("other", new());
        var grant = ((PublishDecision.Granted)await server.AskAsync(created.Key.StreamKey)).Grant;
        var untouched = ((PublishDecision.Granted)await server.AskAsync(other.Key.StreamKey)).Grant;

        await new StreamKeys(command, TimeProvider.System).RevokeAsync("demo", created.Key.Key.Id);

        await Poll.UntilAsync(() => grant.Revoked.IsCancellationRequested);
        untouched.Revoked.IsCancellationRequested.ShouldBeFalse();
        ((PublishDecision.Rejected)await server.AskAsync(created.Key.StreamKey)).Reason.ShouldBe(PublishRejectionReason.UnknownKey);
    }

    [Fact]
    public async Task Channel_deleted_by_another_process_loses_its_publisher_session_and_media()
    {
        var options = await postgres.FreshAsync();
        await using var server = await Server.StartAsync(options.ConnectionString);
        await using var command = await postgres.OpenAsync(options);
        var created = await new ChannelRepository(command, TimeProvider.System).CreateAsync("demo", new());
        var grant = ((PublishDecision.Granted)await server.AskAsync(created.Key.StreamKey)).Grant;

        await new ChannelRepository(command, TimeProvider.System).DeleteAsync("demo");

        await Poll.UntilAsync(() => grant.Revoked.IsCancellationRequested);
        await Poll.UntilAsync(() => server.Lifecycle.Forgotten.Contains(grant.Session.Id));
        server.Lifecycle.Ended.ShouldHaveSingleItem().Reason.ShouldBe("channel deleted");
        await using var count = command.Source.CreateCommand("SELECT count(*) FROM channels");
        await Poll.UntilAsync(async () => (long)(await count.ExecuteScalarAsync())! == 0);
    }

    [Fact]
    public async Task Known_encoders_are_accepted_while_a_crashed_private_database_restarts()
    {
        await using var folder = TempFolder.Create();
        await ClusterTemplate.CopyToAsync(folder.Path);
        await using var server = await Server.StartAsync(null, folder.Path);
        var key = (await server.Get<ChannelRepository>().CreateAsync("demo", new())).Key.StreamKey;
        var grant = ((PublishDecision.Granted)await server.AskAsync(key)).Grant;
        var token = await server.TokenAsync(TokenRole.Viewer);
        await server.Get<SessionWriter>().FlushAsync(default);
        await Poll.UntilAsync(() => server.Get<StreamKeyCache>().CachedIds().Length > 0);

        Process.GetProcessById(Postmaster.Find(folder.Sub("postgres")).ShouldNotBeNull()).Kill();
        await server.Get<IPublishAuthorizer>().ReportEndAsync(grant, "gone", default);
        var back = ((PublishDecision.Granted)await server.AskAsync(key)).Grant;

        back.Session.ShouldBe(grant.Session);
        grant.Revoked.IsCancellationRequested.ShouldBeFalse();
        await server.Get<IPublishAuthorizer>().ReportEndAsync(back, "gone again", default);
        await Poll.UntilAsync(async () => (await server.SendAsync("GET", "/api/v1/channels", token)).Status == 200,
            TimeSpan.FromSeconds(60));
        await server.Get<SessionWriter>().FlushAsync(default);
        (await server.Get<SessionHistory>().ListAsync("demo")).ShouldHaveSingleItem()
            .LastPublicationEndedAt.ShouldNotBeNull("what happened meanwhile is written down");
        back = ((PublishDecision.Granted)await server.AskAsync(key)).Grant;
        await server.Get<SessionWriter>().FlushAsync(default);
        (await server.Get<SessionHistory>().ListAsync("demo")).ShouldHaveSingleItem()
            .LastPublicationEndedAt.ShouldBeNull("somebody publishes");
        await server.Get<StreamKeys>().RevokeAsync("demo", (await server.Get<StreamKeys>().ListAsync("demo")).Single().Id);
        await Poll.UntilAsync(() => back.Revoked.IsCancellationRequested, description: "it listens again");
    }

    [Fact]
    public async Task Unreachable_database_at_startup_delays_publishing_but_not_the_server()
    {
        await using var server = await Server.StartAsync("Host=127.0.0.1;Port=1;Username=u;Password=p;Database=d");

        ((PublishDecision.Rejected)await server.AskAsync("x")).Reason.ShouldBe(PublishRejectionReason.AuthorityUnavailable);
        var (status, _, response) = await server.SendAsync("GET", "/api/v1/channels", Token());
        status.ShouldBe(503);
        response.Headers.RetryAfter.ShouldNotBeNull();
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }

    [Fact]
    public async Task Startup_lists_every_invalid_option()
    {
        var failure = (await Should.ThrowAsync<Exception>(() => Server.StartAsync(
            "Host=x;Password=hunter2;Nonsense=1",
            settings: [("Control:MaxBodyBytes", "1"), ("Control:AttemptsPerMinute", "0")]))).ToString();

        failure.ShouldContain("Control:MaxBodyBytes");
        failure.ShouldContain("Control:AttemptsPerMinute");
        failure.ShouldContain("Database:ConnectionString");
        failure.ShouldNotContain("hunter2");
    }

    private static string Token()
    {
        _ = Secret.New(out var text);
        return text;
    }
}
