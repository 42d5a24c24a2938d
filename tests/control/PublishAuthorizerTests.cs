using Broadcast.Control.Identity;
using Broadcast.Control.Sessions;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class PublishAuthorizerTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Changes_of_other_keys_and_channels_do_not_repeat_an_authorization()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var made = await rig.Channels.CreateAsync("demo", new());
        var other = await rig.Channels.CreateAsync("other", new());
        await using var connection = await rig.Database.Source.OpenConnectionAsync();
        var key = (await rig.Register.FindAsync(made.Key.StreamKey.Split('_')[0], default)).Key.ShouldNotBeNull();
        var otherKey = (await rig.Register.FindAsync(other.Key.StreamKey.Split('_')[0], default)).Key.ShouldNotBeNull();

        var before = rig.Register.Changes;
        await rig.Register.HandleAsync(connection, [new("stream_keys", otherKey.KeyId), new("channels", $"{otherKey.ChannelId}")], default);
        rig.Register.HasChanged(before, key).ShouldBeFalse();
        rig.Register.HasChanged(before, otherKey).ShouldBeTrue();

        await rig.Register.HandleAsync(connection, [new("channels", $"{key.ChannelId}")], default);
        rig.Register.HasChanged(before, key).ShouldBeTrue();
        rig.Register.HasChanged(rig.Register.Changes, key).ShouldBeFalse();
        await rig.Register.ReloadAsync(connection, default);
        rig.Register.HasChanged(before, otherKey).ShouldBeTrue("nothing is known about changes during an outage");
    }

    [Fact]
    public async Task Valid_key_opens_a_session_with_the_settings_of_its_channel()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var created = await rig.Channels.CreateAsync("demo", new(Latency: "low", Ladder: "720p"));

        var grant = await rig.GrantedAsync(created.Key.StreamKey);

        grant.Ladder.ShouldBe("720p");
        grant.Session.ShouldBe(new BroadcastSession(ChannelName.Parse("demo"), grant.Session.Id, 1, rig.Clock.GetUtcNow(),
            LatencyProfile.Low) { IsRecorded = true });
        grant.Revoked.IsCancellationRequested.ShouldBeFalse();
        (await rig.HistoryAsync("demo")).ShouldHaveSingleItem().ShouldBe(
            new SessionInfo(grant.Session.Id.Value, "demo", 1, "low", grant.Session.StartedAt, null, null, null));
        (await rig.Keys.ListAsync("demo")).Single().LastUsedAt.ShouldBe(rig.Clock.GetUtcNow());
    }

    [Fact]
    public async Task Session_uses_the_DVR_window_its_channel_had_at_the_start()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var created = await rig.Channels.CreateAsync("demo", new() { DvrWindow = "720m" });
        created.Channel.DvrWindow.ShouldBe("12h");

        (await rig.GrantedAsync(created.Key.StreamKey)).Session.DvrWindow.ShouldBe(TimeSpan.FromHours(12));
    }

    [Fact]
    public async Task Publisher_gets_the_audio_languages_of_its_channel()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var created = await rig.Channels.CreateAsync("demo", new() { AudioLanguages = ["en", "de"] });

        (await rig.GrantedAsync(created.Key.StreamKey)).AudioLanguages.ShouldBe(["en", "de"]);
    }

    [Fact]
    public async Task Session_is_recorded_according_to_its_channel_at_the_start()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var kept = await rig.Channels.CreateAsync("kept", new());
        var passing = await rig.Channels.CreateAsync("passing", new() { Record = false });
        var grant = await rig.GrantedAsync(kept.Key.StreamKey);
        await rig.Channels.SetAsync("kept", new() { Record = false });
        await rig.LeaveAsync(grant);

        (await rig.GrantedAsync(kept.Key.StreamKey)).Session.IsRecorded.ShouldBeTrue("it goes on as it began");
        (await rig.GrantedAsync(passing.Key.StreamKey)).Session.IsRecorded.ShouldBeFalse();
    }

    [Fact]
    public async Task Unknown_revoked_expired_and_malformed_keys_are_rejected_with_the_same_message()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var good = (await rig.Channels.CreateAsync("demo", new())).Key;
        var revoked = await rig.Keys.CreateAsync("demo", StreamKeyRole.Guest);
        await rig.Keys.RevokeAsync("demo", revoked.Key.Id);
        var expired = await rig.Keys.CreateAsync("demo", StreamKeyRole.Guest, expiresAt: rig.Clock.GetUtcNow() + TimeSpan.FromMinutes(1));
        var deleted = (await rig.Channels.CreateAsync("gone", new())).Key;
        await rig.Channels.DeleteAsync("gone");
        rig.Clock.Advance(TimeSpan.FromMinutes(1));
        _ = Secret.New(out var unknown);
        string[] bad =
        [
            unknown, revoked.StreamKey, expired.StreamKey, deleted.StreamKey, "", "demo", good.StreamKey + "x", good.StreamKey[..^1],
            string.Concat(good.StreamKey.AsSpan(0, 9), unknown.AsSpan(9)),
        ];

        var answers = new List<PublishDecision.Rejected>();
        foreach (var key in bad)
        {
            answers.Add(await rig.RefusedAsync(key));
        }

        answers.ShouldAllBe(a => a.Reason == PublishRejectionReason.UnknownKey);
        answers.Select(a => a.Message).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Second_encoder_is_rejected_while_the_first_publishes_and_accepted_right_after_H55()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var guest = (await rig.Keys.CreateAsync("demo", StreamKeyRole.Guest)).StreamKey;
        var first = await rig.GrantedAsync(key);

        var refusal = await rig.RefusedAsync(guest);
        await rig.LeaveAsync(first);
        var second = await rig.GrantedAsync(guest);

        refusal.Reason.ShouldBe(PublishRejectionReason.ChannelBusy);
        refusal.Message.ShouldContain("demo");
        second.Session.ShouldBe(first.Session);
    }

    [Fact]
    public async Task One_of_several_concurrent_encoders_gets_the_channel()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => rig.AskAsync(key).AsTask()));

        answers.OfType<PublishDecision.Granted>().ShouldHaveSingleItem();
        answers.OfType<PublishDecision.Rejected>().ShouldAllBe(r => r.Reason == PublishRejectionReason.ChannelBusy);
    }

    [Fact]
    public async Task Encoder_back_within_the_reconnect_window_continues_and_restarts_the_window_F01_F02()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var first = await rig.GrantedAsync(key);
        for (var i = 0; i < 3; i++)
        {
            await rig.LeaveAsync(first);
            rig.Clock.Advance(TimeSpan.FromSeconds(59));
            first = await rig.GrantedAsync(key);
            rig.Clock.Advance(TimeSpan.FromHours(1));
        }

        await rig.Book.WhenEndsNotifiedAsync();
        rig.Lifecycle.Ended.ShouldBeEmpty();
        (await rig.HistoryAsync("demo")).ShouldHaveSingleItem().EndedAt.ShouldBeNull();
    }

    [Fact]
    public async Task Session_ends_after_the_reconnect_window_and_the_next_encoder_opens_another_F03()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new(ReconnectWindow: TimeSpan.FromSeconds(10)))).Key.StreamKey;
        var first = await rig.GrantedAsync(key);
        await rig.LeaveAsync(first);
        var left = rig.Clock.GetUtcNow();
        rig.Clock.Advance(TimeSpan.FromSeconds(10));
        await rig.Book.WhenEndsNotifiedAsync();

        rig.Lifecycle.Ended.ShouldHaveSingleItem().Session.ShouldBe(first.Session.Id);
        var second = await rig.GrantedAsync(key);
        second.Session.Id.ShouldBeGreaterThan(first.Session.Id);
        var history = await rig.HistoryAsync("demo");
        history.Count.ShouldBe(2);
        (history[1].LastPublicationEndedAt, history[1].EndedAt).ShouldBe((left, left + TimeSpan.FromSeconds(10)));
        history[1].EndReason.ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task Reconnect_window_of_zero_ends_the_session_with_its_publisher()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new(ReconnectWindow: TimeSpan.Zero))).Key.StreamKey;
        var first = await rig.GrantedAsync(key);
        await rig.LeaveAsync(first);
        await rig.Book.WhenEndsNotifiedAsync();

        rig.Lifecycle.Ended.ShouldHaveSingleItem();
        (await rig.GrantedAsync(key)).Session.Id.ShouldNotBe(first.Session.Id);
    }

    [Fact]
    public async Task Later_sessions_have_higher_ids_even_if_the_clock_does_not_advance()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new(ReconnectWindow: TimeSpan.Zero))).Key.StreamKey;
        var ids = new List<SessionId>();
        for (var i = 0; i < 20; i++)
        {
            var grant = await rig.GrantedAsync(key);
            ids.Add(grant.Session.Id);
            await rig.LeaveAsync(grant);
        }

        ids.ShouldBe(ids.Order());
    }

    [Fact]
    public async Task Repeated_or_late_disconnect_does_not_affect_the_next_publisher()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var first = await rig.GrantedAsync(key);
        await rig.LeaveAsync(first);
        await rig.GrantedAsync(key);
        await rig.LeaveAsync(first);

        (await rig.RefusedAsync(key)).Reason.ShouldBe(PublishRejectionReason.ChannelBusy);
    }

    [Fact]
    public async Task Operator_can_end_a_session_and_its_publisher_is_disconnected()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var grant = await rig.GrantedAsync(key);

        rig.Book.End(rig.Book.ChannelsInUse().Single(), "ended by an operator").ShouldBe(grant.Session.Id);
        await Broadcast.Testing.Poll.UntilAsync(() => grant.Revoked.IsCancellationRequested);
        await rig.LeaveAsync(grant);

        rig.Book.ChannelsInUse().ShouldBeEmpty();
        var ended = (await rig.HistoryAsync("demo")).Single();
        (ended.EndReason, ended.LastPublicationEndedAt).ShouldBe(("ended by an operator", ended.EndedAt),
            "its encoder was there to the end");
        (await rig.GrantedAsync(key)).Session.Id.ShouldNotBe(grant.Session.Id);
    }

    [Fact]
    public async Task Cached_keys_are_accepted_for_five_minutes_of_a_database_outage_and_sessions_stored_later()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var known = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var unseen = (await rig.Channels.CreateAsync("other", new())).Key.StreamKey;
        await rig.LeaveAsync(await rig.GrantedAsync(known));
        rig.Clock.Advance(TimeSpan.FromMinutes(2));   // its session ends
        await rig.Ledger.FlushAsync(default);
        await rig.Database.DisposeAsync();

        var grant = await rig.GrantedAsync(known);
        (await rig.RefusedAsync(unseen)).Reason.ShouldBe(PublishRejectionReason.AuthorityUnavailable);
        (await rig.RefusedAsync(string.Concat(known.AsSpan(0, 9), unseen.AsSpan(9)))).Reason.ShouldBe(PublishRejectionReason.UnknownKey);
        (await rig.Ledger.FlushAsync(default)).ShouldBeFalse();

        await rig.LeaveAsync(grant);
        rig.Clock.Advance(TimeSpan.FromMinutes(4));
        (await rig.RefusedAsync(known)).Reason.ShouldBe(PublishRejectionReason.AuthorityUnavailable);

        await rig.Database.OpenAsync(default);
        var back = await rig.GrantedAsync(known);
        var history = await rig.HistoryAsync("demo");
        history.Count.ShouldBe(3);
        history.Count(s => s.EndedAt is null).ShouldBe(1);
        history[1].Id.ShouldBe(grant.Session.Id.Value);
        history[0].Id.ShouldBe(back.Session.Id.Value);
    }

    [Fact]
    public async Task Reload_of_the_cache_extends_the_time_for_which_cached_keys_are_accepted()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        await rig.LeaveAsync(await rig.GrantedAsync(key));
        rig.Clock.Advance(TimeSpan.FromMinutes(6));
        await rig.Ledger.FlushAsync(default);

        await using (var connection = await rig.Database.Source.OpenConnectionAsync())
        {
            await rig.Register.ReloadAsync(connection, default);
        }

        await rig.Database.DisposeAsync();
        rig.Clock.Advance(TimeSpan.FromMinutes(4));
        await rig.GrantedAsync(key);
    }

    [Fact]
    public async Task Unknown_open_session_in_the_database_is_superseded_by_a_new_one()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var stray = SessionId.New(rig.Clock.GetUtcNow() + TimeSpan.FromDays(1)).Value;   // caused by a wrong clock
        await using var command = rig.Database.Source.CreateCommand(
            $"INSERT INTO sessions (id, channel_id, epoch, latency, started_at) SELECT '{stray}', id, 1, 'low', now() FROM channels");
        await command.ExecuteNonQueryAsync();

        var grant = await rig.GrantedAsync(key);

        var history = await rig.HistoryAsync("demo");
        history.Single(s => s.Id == stray).EndReason.ShouldBe("superseded");
        history.Single(s => s.EndedAt is null).Id.ShouldBe(grant.Session.Id.Value);
    }

    [Fact]
    public async Task Publishers_are_rejected_until_the_database_was_reached_once()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var early = rig.NewAuthority();

        ((PublishDecision.Rejected)await early.AuthorizeAsync(new(key, null, ""), default)).Reason
            .ShouldBe(PublishRejectionReason.AuthorityUnavailable);
    }
}
