using Broadcast.Control.Access;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Control.Recordings;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Dapper;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Events with their own viewer access policy.</summary>
public sealed class EventAccessTests(PostgresFixture postgres)
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");

    [Fact]
    public async Task Session_and_recording_of_an_event_use_the_access_policy_of_the_event()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var before = await rig.ComeAsync();
        await rig.GoAsync(before);
        await rig.PassAsync(2);
        var show = await rig.PlanAsync(30, 60, new() { Access = "token" });
        show.Access.ShouldBe("token");
        await rig.PassAsync(20);
        var encoder = await rig.ComeAsync();
        encoder.Session.Access.ShouldBe(ViewerAccess.Token, "known wherever the session is, before there is anything of it");
        await rig.PassAsync(10);
        (await rig.StateAsync(show)).ShouldBe(EventState.Live);
        await rig.Events.EndAsync(show.Id);
        await rig.PassAsync(11);
        await rig.PassAsync(1);
        var after = await rig.ComeAsync();
        after.Session.Access.ShouldBeNull();

        (await AccessesAsync(rig)).ShouldBe([null, "token", null]);
        await LearnAsync(rig);
        var policy = rig.Viewing.Find(Demo)!;
        (policy.Access, policy.AccessOf(before.Session.Id, null), policy.AccessOf(encoder.Session.Id, null),
            policy.AccessOf(after.Session.Id, null))
            .ShouldBe((ViewerAccess.Public, ViewerAccess.Public, ViewerAccess.Token, ViewerAccess.Public));
        using var catalog = new RecordingCatalog(rig.Database, Options.Create(new ControlOptions()), rig.Clock);
        (await catalog.FindAsync(RecordingId.Of(encoder.Session.Id), default))!.Access.ShouldBe(ViewerAccess.Token);
        (await catalog.FindAsync(RecordingId.Of(after.Session.Id), default))!.Access.ShouldBeNull();
        (await catalog.VisibleAsync(null, 10, default)).Select(r => r.Access).ShouldBe([null, ViewerAccess.Token, null]);
    }

    [Fact]
    public async Task Encoder_reconnecting_during_an_event_starts_a_session_with_the_events_access()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        await rig.Channels.SetAsync("demo", new() { Access = "token" });
        await rig.PlanAsync(0, 60, new() { Access = "public" });
        await rig.Keeper.RunOnceAsync(default);
        var first = await rig.ComeAsync();
        await rig.PassAsync(1);
        await rig.GoAsync(first);
        await rig.PassAsync(5);
        var second = await rig.ComeAsync();
        (first.Session.Access, second.Session.Access,
            second.Session.Id == first.Session.Id).ShouldBe((ViewerAccess.Public, ViewerAccess.Public, false));
    }

    [Theory]
    [InlineData("public", "token", "token")]
    [InlineData("public", "webhook", "webhook")]
    [InlineData("public", "public", null)]
    [InlineData("public", null, null)]
    [InlineData("token", "public", null)]
    [InlineData("token", "webhook", null)]
    public async Task Event_can_restrict_but_never_widen_access_to_a_running_session(string channel, string? access, string? session)
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        await rig.Channels.SetAsync("demo", new() { Access = channel });
        var encoder = await rig.ComeAsync();
        var show = await rig.PlanAsync(20, 60, new() { Access = access });
        await rig.PassAsync(10);
        (await AccessesAsync(rig)).ShouldBe([null], "in preview it is none of the event's");
        await rig.PassAsync(10);

        (await rig.StateAsync(show)).ShouldBe(EventState.Live);
        (await rig.Events.GetAsync(show.Id)).Sessions.ShouldBe([encoder.Session.Id.Value]);
        (await AccessesAsync(rig)).ShouldBe([session]);
        if (session is not null)
        {
            rig.Viewing.Find(Demo)!.AccessOf(encoder.Session.Id, null).ShouldBe(ChannelRules.ParseAccess(session), "at once");
        }
    }

    [Theory]
    [InlineData("public", "token", "token")]
    [InlineData("token", null, "token")]
    [InlineData("token", "public", "public")]
    [InlineData("public", null, "public")]
    public async Task Public_session_of_the_previous_event_gets_the_access_policy_of_the_next(string channel, string? access,
        string session)
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        await rig.Channels.SetAsync("demo", new() { Access = channel });
        await rig.ComeAsync();
        await rig.PlanAsync(20, 60, new() { Access = access });
        await rig.PassAsync(10);
        await using (var connection = await rig.Database.Source.OpenConnectionAsync())
        {
            (await connection.ExecuteAsync("UPDATE sessions SET access = 'public'")).ShouldBe(1);
        }

        await rig.PassAsync(10);
        (await AccessesAsync(rig)).ShouldBe([session]);
    }

    [Fact]
    public async Task Access_policy_of_an_event_can_be_changed_until_its_preview_starts()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var show = await rig.PlanAsync(30, 60, new() { Access = "token" });
        (await rig.Events.SetAsync(show.Id, new() { Access = "channel" })).Access.ShouldBeNull();
        (await rig.Events.SetAsync(show.Id, new() { Access = "public" })).Access.ShouldBe("public");
        (await rig.Events.SetAsync(show.Id, new() { Title = "Gala" })).Access.ShouldBe("public");
        await rig.PassAsync(15);
        foreach (var isLive in (bool[])[false, true])
        {
            var refused = await Should.ThrowAsync<OperationException>(() => rig.Events.SetAsync(show.Id, new() { Access = "token" }));
            (refused.Code,
                refused.Message).ShouldBe((OperationErrorCode.Conflict,
                    $"Event 'Gala' is {(isLive ? "live" : "in preview")}: its access policy cannot change, because its sessions started "
                    + "with it. Cancel or end it and create another event."));
            (await rig.Events.SetAsync(show.Id, new() { Access = "public", Description = "again" })).Access.ShouldBe("public");
            if (!isLive)
            {
                await rig.Events.GoLiveAsync(show.Id);
            }
        }

        (await Should.ThrowAsync<OperationException>(() => rig.PlanAsync(700, 760, new() { Access = "friends" }))).Message
            .ShouldContain("public, token, webhook, channel");
    }

    [Fact]
    public async Task Occurrences_inherit_the_access_policy_of_their_series()
    {
        await using var rig = await EventHarness.OpenAsync(postgres);
        var series = await rig.PlanAsync(120, 180, new() { Recurrence = "FREQ=DAILY;COUNT=2", Access = "token" });
        (await rig.Events.ListAsync(new(Series: series.Id))).Select(o => o.Access).ShouldBe(["token", "token"]);
        await rig.Events.SetAsync(series.Id, new() { Access = "channel" });
        (await rig.Events.ListAsync(new(Series: series.Id))).Select(o => o.Access).ShouldBe([null, null]);
    }

    [Fact]
    public async Task Session_access_changes_of_other_processes_apply_at_once_and_after_a_restart()
    {
        var options = await postgres.FreshAsync();
        SessionId session;
        await using (var server = await Server.StartAsync(options.ConnectionString))
        {
            var key = (await server.Get<ChannelRepository>().CreateAsync("demo", new())).Key.StreamKey;
            session = ((PublishDecision.Granted)await server.AskAsync(key)).Grant.Session.Id;
            await Poll.UntilAsync(async () => (await server.Get<SessionHistory>().ListAsync("demo")).Count == 1);
            await Poll.UntilAsync(async () => (await AskAsync(server, session)).IsAllowed);
            (await AskAsync(server, session)).IsSessionSpecific.ShouldBeFalse("all of the channel is for the same");
            (await AskAsync(server, session, ViewerAccess.Token)).ShouldBe(
                new ViewerDecision(ViewerDenialReason.NoToken, ViewerAuthorizer.DeniedLifetime) { IsSessionSpecific = true },
                "what is noted with it counts before control has written it");

            await using var connection = await server.Get<ServerDatabase>().Source.OpenConnectionAsync();
            await connection.ExecuteAsync("UPDATE sessions SET access = 'token'");

            await Poll.UntilAsync(async () => (await AskAsync(server, session)).DenialReason == ViewerDenialReason.NoToken);
            var known = server.Get<IViewerAuthorizer>();
            (known.AccessOf(Demo), known.AccessOf(Demo, session), known.AccessOf(Demo, SessionId.New(DateTimeOffset.UnixEpoch))).ShouldBe(
                (ViewerAccess.Public, ViewerAccess.Token, ViewerAccess.Public));
            (await AskAsync(server, null)).ShouldBe(new ViewerDecision(null,
                ViewerAuthorizer.AllowedLifetime) { IsSessionSpecific = true });
            var (_, made, _) = await server.SendAsync("POST", "/api/v1/channels/demo/viewer-tokens",
                await server.TokenAsync(TokenRole.Producer), new { });
            await Poll.UntilAsync(async () => (await AskAsync(server, session, token: made.GetProperty("token").GetString())).IsAllowed);
            (await server.Get<IRecordingCatalog>().FindAsync(RecordingId.Of(session), default))!.Access.ShouldBe(ViewerAccess.Token);
        }

        await using var next = await Server.StartAsync(options.ConnectionString);
        (await AskAsync(next, session)).DenialReason.ShouldBe(ViewerDenialReason.NoToken);
    }

    [Fact]
    public async Task API_reads_and_sets_event_access_and_rejects_an_unconfigured_webhook_policy()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var producer = await server.TokenAsync(TokenRole.Producer);
        var day = TimeProvider.System.GetUtcNow().AddDays(1).ToString("yyyy-MM-dd");
        object Show(string? access) => new { title = "Show", channel = "demo", start = day + "T20:00:00Z",
            end = day + "T21:00:00Z", access };
        foreach (var (access, word) in new[] { ("webhook", "Authorization:ViewerUrl"), ("friends", "public, token") })
        {
            var (status, problem, _) = await server.SendAsync("POST", "/api/v1/events", producer, Show(access));
            status.ShouldBe(400);
            problem.GetProperty("errors").GetProperty("access")[0].GetString()!.ShouldContain(word);
        }

        var (_, made, _) = await server.SendAsync("POST", "/api/v1/events", producer, Show("token"));
        made.GetProperty("access").GetString().ShouldBe("token");
        var path = $"/api/v1/events/{made.GetProperty("id").GetString()}";
        (await server.SendAsync("PATCH", path, producer, new { access = "channel" })).Body.GetProperty("access").GetString()
            .ShouldBe("channel");
        (await server.SendAsync("GET", path, producer)).Body.GetProperty("access").GetString().ShouldBe("channel");
    }

    private static ValueTask<ViewerDecision> AskAsync(Server server, SessionId? session, ViewerAccess? noted = null,
        string? token = null) =>
        server.Get<IViewerAuthorizer>().AuthorizeAsync(new(Demo, token, null) { Session = session, StoredAccess = noted }, default);

    private static async Task<IReadOnlyList<string?>> AccessesAsync(EventHarness rig)
    {
        await rig.Ledger.FlushAsync(default);
        await using var connection = await rig.Database.Source.OpenConnectionAsync();
        return [.. await connection.QueryAsync<string?>("SELECT access FROM sessions ORDER BY id")];
    }

    private static async Task LearnAsync(EventHarness rig)
    {
        await using var connection = await rig.Database.Source.OpenConnectionAsync();
        await rig.Viewing.RefreshAsync(connection, default);
    }
}
