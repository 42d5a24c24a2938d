using Broadcast.Control.Access;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Recordings;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Visibility of sessions to viewers.</summary>
public sealed class SessionVisibilityStoreTests(PostgresFixture postgres)
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");

    [Fact]
    public async Task Session_started_during_an_event_preview_is_hidden_before_its_publisher_is_accepted()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var demo = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var other = (await rig.Channels.CreateAsync("other", new())).Key.StreamKey;
        await PreviewAsync(rig);

        var grant = await rig.GrantedAsync(demo);
        var open = await rig.GrantedAsync(other);

        grant.Session.BeginsHidden.ShouldBeTrue();
        rig.Audience.Find(Demo, grant.Session.Id).ShouldBe(SessionVisibility.Hidden);
        (open.Session.BeginsHidden, rig.Audience.Find(ChannelName.Parse("other"), open.Session.Id)).ShouldBe((false, null));
        await rig.Ledger.FlushAsync(default);
        using var read = await ReadAsync(rig.Database);
        read.Find(Demo, grant.Session.Id).ShouldBe(SessionVisibility.Hidden);
        read.Find(Demo, open.Session.Id).ShouldBeNull();
    }

    [Fact]
    public async Task Hidden_session_becomes_visible_at_a_given_instant_and_its_recording_starts_there()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        await PreviewAsync(rig);
        var grant = await rig.GrantedAsync(key);
        await rig.Ledger.FlushAsync(default);
        var from = rig.Clock.GetUtcNow() + TimeSpan.FromMilliseconds(90_001.5);

        await rig.Audience.ShowAsync(grant.Session.Id, from);
        rig.Audience.FixFirstSegment(Demo, grant.Session.Id, from, 7);
        rig.Audience.Find(Demo, grant.Session.Id)!.Value.Segment
            .ShouldBeNull("that instant is not the one that counts, to the millisecond");
        var counts = rig.Audience.Find(Demo, grant.Session.Id)!.Value.From!.Value;
        rig.Audience.FixFirstSegment(Demo, grant.Session.Id, counts, 7);
        await FlushAsync(rig);

        counts.ShouldBe(rig.Clock.GetUtcNow() + TimeSpan.FromMilliseconds(90_001));
        rig.Audience.HasPendingWrites.ShouldBeFalse();
        using var read = await ReadAsync(rig.Database);
        read.Find(Demo, grant.Session.Id).ShouldBe(SessionVisibility.Since(counts, 7));
        (await new RecordingRepository(rig.Database, rig.Clock).GetAsync(grant.Session.Id.Value)).StartsAt.ShouldBe(counts);
    }

    [Fact]
    public async Task Visibility_waits_as_long_as_the_row_of_its_session_waits()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        await PreviewAsync(rig);
        var grant = await rig.GrantedAsync(key);
        await rig.Audience.ShowAsync(grant.Session.Id, rig.Clock.GetUtcNow());

        for (var i = 0; i < 150; i++)
        {
            await FlushAsync(rig);
        }

        rig.Audience.HasPendingWrites.ShouldBeTrue();
        await rig.Ledger.FlushAsync(default);
        await FlushAsync(rig);
        rig.Audience.HasPendingWrites.ShouldBeFalse();
        using var read = await ReadAsync(rig.Database);
        read.Find(Demo, grant.Session.Id).ShouldBe(SessionVisibility.Since(rig.Clock.GetUtcNow()));
    }

    [Fact]
    public async Task Session_that_is_already_visible_does_not_change()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var grant = await rig.GrantedAsync((await rig.Channels.CreateAsync("demo", new())).Key.StreamKey);

        await rig.Audience.ShowAsync(grant.Session.Id, rig.Clock.GetUtcNow());
        rig.Audience.Find(Demo, grant.Session.Id).ShouldBeNull();

        await rig.Audience.HideAsync(grant.Session.Id);
        await rig.Audience.ShowAsync(grant.Session.Id, rig.Clock.GetUtcNow());
        await rig.Audience.ShowAsync(grant.Session.Id, rig.Clock.GetUtcNow() + TimeSpan.FromMinutes(1));
        rig.Audience.Find(Demo, grant.Session.Id).ShouldBe(SessionVisibility.Since(rig.Clock.GetUtcNow()));
    }

    [Fact]
    public async Task Visibility_changes_during_a_database_outage_apply_at_once_and_are_written_later()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        await PreviewAsync(rig);
        await rig.LeaveAsync(await rig.GrantedAsync(key));
        rig.Clock.Advance(TimeSpan.FromMinutes(2));   // its session ends
        await rig.Ledger.FlushAsync(default);
        await rig.Database.DisposeAsync();

        var grant = await rig.GrantedAsync(key);
        rig.Audience.Find(Demo, grant.Session.Id).ShouldBe(SessionVisibility.Hidden);
        await rig.Audience.ShowAsync(grant.Session.Id, rig.Clock.GetUtcNow());
        var shown = SessionVisibility.Since(rig.Clock.GetUtcNow());
        rig.Audience.Find(Demo, grant.Session.Id).ShouldBe(shown);

        await rig.Database.OpenAsync(default);
        await FlushAsync(rig);
        rig.Audience.HasPendingWrites.ShouldBeTrue("its session has no row yet");
        await LearnAsync(rig.Audience, rig.Database);
        rig.Audience.Find(Demo, grant.Session.Id).ShouldBe(shown, "what is not written yet stays");
        await rig.Ledger.FlushAsync(default);
        await FlushAsync(rig);
        using var read = await ReadAsync(rig.Database);
        read.Find(Demo, grant.Session.Id).ShouldBe(shown);
    }

    [Fact]
    public async Task Sessions_too_old_for_the_memory_are_hidden_until_their_visibility_is_read_from_the_database()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        await rig.Channels.CreateAsync("demo", new());
        var from = rig.Clock.GetUtcNow();
        var ids = await AddSessionsAsync(rig, 40);
        await ExecuteAsync(rig.Database, $"UPDATE sessions SET preview = false, visible_from = '{from:O}' WHERE id = '{ids[1]}'");
        await ExecuteAsync(rig.Database, $"UPDATE sessions SET preview = false WHERE id = '{ids[2]}'");
        using var store = new SessionVisibilityStore(rig.Database, NullLogger<SessionVisibilityStore>.Instance) { MaxSessions = 20 };
        await LearnAsync(store, rig.Database);

        ids.ShouldAllBe(id => store.Find(Demo, id) == SessionVisibility.Hidden);
        await Poll.UntilAsync(() => store.Find(Demo, ids[1]) == SessionVisibility.Since(from));
        await Poll.UntilAsync(() => store.Find(Demo, ids[2]) == null);
        ids.Except([ids[1], ids[2]]).ShouldAllBe(id => store.Find(Demo, id) == SessionVisibility.Hidden);

        await store.ShowAsync(ids[0], from);
        store.Find(Demo, ids[0]).ShouldBe(SessionVisibility.Since(from));
        await LearnAsync(store, rig.Database);
        store.Find(Demo, ids[0]).ShouldBe(SessionVisibility.Hidden, "it is read again");
        await Poll.UntilAsync(() => store.Find(Demo, ids[0]) == SessionVisibility.Since(from));
    }

    [Fact]
    public async Task Full_memory_neither_shows_hidden_sessions_nor_loses_changes_that_are_not_written()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        await rig.Channels.CreateAsync("demo", new());
        var ids = await AddSessionsAsync(rig, 40);
        using var store = new SessionVisibilityStore(rig.Database, NullLogger<SessionVisibilityStore>.Instance, time: rig.Clock)
            { MaxSessions = 20 };
        await LearnAsync(store, rig.Database);
        var later = await AddSessionsAsync(rig, 40, 100);
        await rig.Database.DisposeAsync();
        var from = rig.Clock.GetUtcNow();
        await store.HideAsync(ids[3]);
        await store.ShowAsync(ids[39], from);

        later.ForEach(store.StartHidden);

        store.Find(Demo, ids[39]).ShouldBe(SessionVisibility.Since(from));
        ids.Concat(later).Except([ids[39]]).ShouldAllBe(id => store.Find(Demo, id) == SessionVisibility.Hidden);
        await rig.Database.OpenAsync(default);
        await using var connection = await rig.Database.Source.OpenConnectionAsync();
        await store.FlushAsync(connection, default);
        await store.RefreshAsync(connection, [later[0].Value], default);
        ids.Concat(later).Except([ids[39]]).ShouldAllBe(id => store.Find(Demo, id) == SessionVisibility.Hidden);
    }

    [Fact]
    public async Task Server_applies_visibility_changes_of_other_processes_and_keeps_them_after_a_restart()
    {
        var options = await postgres.FreshAsync();
        SessionId session;
        await using (var server = await Server.StartAsync(options.ConnectionString))
        {
            var key = (await server.Get<ChannelRepository>().CreateAsync("demo", new())).Key.StreamKey;
            session = ((PublishDecision.Granted)await server.AskAsync(key)).Grant.Session.Id;
            await Poll.UntilAsync(async () => (await server.Get<SessionHistory>().ListAsync("demo")).Count == 1);
            await using var database = await postgres.OpenAsync(options);
            using var command = new SessionVisibilityStore(database, NullLogger<SessionVisibilityStore>.Instance);

            await command.HideAsync(session);

            var known = server.Get<ISessionVisibility>();
            await Poll.UntilAsync(() => known.Find(Demo, session) == SessionVisibility.Hidden);
        }

        await using var next = await Server.StartAsync(options.ConnectionString);
        next.Get<ISessionVisibility>().Find(Demo, session).ShouldBe(SessionVisibility.Hidden, "before anybody is let in");
    }

    [Fact]
    public async Task Only_server_signed_preview_tokens_grant_access_to_hidden_sessions_regardless_of_channel_access()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var producer = await server.TokenAsync(TokenRole.Producer);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        await server.Get<ChannelRepository>().CreateAsync("other", new());
        var (_, made, _) = await server.SendAsync("POST", "/api/v1/channels/demo/viewer-tokens", producer, new { preview = true });
        var (_, plain, _) = await server.SendAsync("POST", "/api/v1/channels/demo/viewer-tokens", producer, new { });
        var token = made.GetProperty("token").GetString()!;
        made.GetProperty("info").GetProperty("preview").GetBoolean().ShouldBeTrue();
        plain.GetProperty("info").GetProperty("preview").GetBoolean().ShouldBeFalse();
        (await server.SendAsync("GET", "/api/v1/channels/demo/viewer-tokens", producer)).Body.EnumerateArray()
            .Count(t => t.GetProperty("preview").GetBoolean()).ShouldBe(1);

        foreach (var access in (string[])["public", "token"])
        {
            await server.Get<ChannelRepository>().SetAsync("demo", new() { Access = access });
            await Poll.UntilAsync(async () => (await AskAsync(server, null)).IsAllowed == (access == "public"));
            (await AskAsync(server, token)).ShouldBe(new ViewerDecision(null, ViewerAuthorizer.AllowedLifetime) { AllowsPreview = true });
            (await AskAsync(server, plain.GetProperty("token").GetString())).ShouldBe(new(null, ViewerAuthorizer.AllowedLifetime));
        }

        (await AskAsync(server, token, "other")).ShouldBe(new(null, ViewerAuthorizer.AllowedLifetime), "of another channel it is no token");
        var own = await server.Get<ViewerKeys>().CreateAsync("demo", "shop");
        var signed = ViewerToken.Sign(own.Key.Id, ViewerKeys.GetBytes(own.Secret), Demo, TimeProvider.System.GetUtcNow().AddHours(1),
            "jane", null, grantsPreview: true);
        (await AskAsync(server, signed)).DenialReason.ShouldBe(ViewerDenialReason.InvalidToken, "no shop signs such a one");
        (await AskAsync(server, "1" + token[2..])).DenialReason.ShouldBe(ViewerDenialReason.InvalidToken, "what it is for is signed");
        await server.SendAsync("DELETE", $"/api/v1/channels/demo/viewer-tokens/{made.GetProperty("info").GetProperty("id").GetString()}",
            producer);
        (await AskAsync(server, token)).DenialReason.ShouldBe(ViewerDenialReason.Revoked);
    }

    private static ValueTask<ViewerDecision> AskAsync(Server server, string? token, string channel = "demo") =>
        server.Get<IViewerAuthorizer>().AuthorizeAsync(new(ChannelName.Parse(channel), token, null), default);

    private static async Task PreviewAsync(PublishHarness rig)
    {
        await using var connection = await rig.Database.Source.OpenConnectionAsync();
        rig.Previews.Add(await StreamKeys.ChannelIdAsync(connection, "demo", default));
    }

    /// <summary>Adds hidden sessions, oldest first.</summary>
    private static async Task<List<SessionId>> AddSessionsAsync(PublishHarness rig, int count, int firstMinute = 0)
    {
        var ids = Enumerable.Range(firstMinute, count).Select(minute => SessionId.New(rig.Clock.GetUtcNow().AddMinutes(minute))).ToList();
        await ExecuteAsync(rig.Database, $"""
            INSERT INTO sessions (id, channel_id, epoch, latency, started_at, ended_at, end_reason, preview)
            SELECT i, c.id, 1, 'low', c.created_at, c.created_at, 'over', true
                FROM channels c, unnest(ARRAY['{string.Join("','", ids)}']) i
            """);
        return ids;
    }

    private static async Task ExecuteAsync(ServerDatabase database, string sql)
    {
        await using var command = database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task FlushAsync(PublishHarness rig)
    {
        await using var connection = await rig.Database.Source.OpenConnectionAsync();
        await rig.Audience.FlushAsync(connection, default);
    }

    private static async Task<SessionVisibilityStore> ReadAsync(ServerDatabase database)
    {
        var register = new SessionVisibilityStore(database, NullLogger<SessionVisibilityStore>.Instance);
        await LearnAsync(register, database);
        return register;
    }

    private static async Task LearnAsync(SessionVisibilityStore register, ServerDatabase database)
    {
        await using var connection = await database.Source.OpenConnectionAsync();
        await register.RefreshAsync(connection, default);
    }
}
