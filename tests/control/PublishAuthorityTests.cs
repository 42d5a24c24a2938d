using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Publishing;
using Broadcast.Control.Sessions;
using Broadcast.Media;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class PublishAuthorityTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_good_key_opens_a_session_as_the_channel_says()
    {
        await using var rig = await Rig.OpenAsync(postgres);
        var created = await rig.Channels.CreateAsync("demo", new(Latency: "low", Ladder: "720p"));

        var grant = await rig.GrantedAsync(created.Key.StreamKey);

        grant.Ladder.ShouldBe("720p");
        grant.Session.ShouldBe(new BroadcastSession(ChannelName.Parse("demo"), grant.Session.Id, 1, rig.Clock.GetUtcNow(), LatencyProfile.Low) { IsRecorded = true });
        grant.Revoked.IsCancellationRequested.ShouldBeFalse();
        (await rig.HistoryAsync("demo")).ShouldHaveSingleItem().ShouldBe(
            new SessionInfo(grant.Session.Id.Value, "demo", 1, "low", grant.Session.StartedAt, null, null, null));
        (await rig.Keys.ListAsync("demo")).Single().LastUsedAt.ShouldBe(rig.Clock.GetUtcNow());
    }

    [Fact]
    public async Task A_session_can_be_rewound_as_its_channel_said_when_it_began()
    {
        await using var rig = await Rig.OpenAsync(postgres);
        var created = await rig.Channels.CreateAsync("demo", new() { DvrWindow = "720m" });
        created.Channel.DvrWindow.ShouldBe("12h");

        (await rig.GrantedAsync(created.Key.StreamKey)).Session.Rewind.ShouldBe(TimeSpan.FromHours(12));
    }

    [Fact]
    public async Task An_encoder_is_told_the_languages_that_its_channel_has_for_the_sound()
    {
        await using var rig = await Rig.OpenAsync(postgres);
        var created = await rig.Channels.CreateAsync("demo", new() { AudioLanguages = ["en", "de"] });

        (await rig.GrantedAsync(created.Key.StreamKey)).AudioLanguages.ShouldBe(["en", "de"]);
    }

    [Fact]
    public async Task A_session_is_recorded_when_its_channel_said_so_as_it_began()
    {
        await using var rig = await Rig.OpenAsync(postgres);
        var kept = await rig.Channels.CreateAsync("kept", new());
        var passing = await rig.Channels.CreateAsync("passing", new() { Record = false });
        var grant = await rig.GrantedAsync(kept.Key.StreamKey);
        await rig.Channels.SetAsync("kept", new() { Record = false });
        await rig.LeaveAsync(grant);

        (await rig.GrantedAsync(kept.Key.StreamKey)).Session.IsRecorded.ShouldBeTrue("it goes on as it began");
        (await rig.GrantedAsync(passing.Key.StreamKey)).Session.IsRecorded.ShouldBeFalse();
    }

    [Fact]
    public async Task Unknown_revoked_expired_and_malformed_keys_are_refused_in_the_same_words()
    {
        await using var rig = await Rig.OpenAsync(postgres);
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
    public async Task A_second_encoder_is_refused_while_the_first_publishes_and_let_in_at_once_after_H55()
    {
        await using var rig = await Rig.OpenAsync(postgres);
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
    public async Task One_of_many_at_once_gets_the_channel()
    {
        await using var rig = await Rig.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => rig.AskAsync(key).AsTask()));

        answers.OfType<PublishDecision.Granted>().ShouldHaveSingleItem();
        answers.OfType<PublishDecision.Rejected>().ShouldAllBe(r => r.Reason == PublishRejectionReason.ChannelBusy);
    }

    [Fact]
    public async Task An_encoder_back_within_the_window_continues_and_the_window_begins_anew_when_it_leaves_again_F01_F02()
    {
        await using var rig = await Rig.OpenAsync(postgres);
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
    public async Task After_the_window_the_session_ends_and_the_next_encoder_opens_a_new_one_F03()
    {
        await using var rig = await Rig.OpenAsync(postgres);
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
    public async Task A_window_of_zero_ends_the_session_with_its_encoder()
    {
        await using var rig = await Rig.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new(ReconnectWindow: TimeSpan.Zero))).Key.StreamKey;
        var first = await rig.GrantedAsync(key);
        await rig.LeaveAsync(first);
        await rig.Book.WhenEndsNotifiedAsync();

        rig.Lifecycle.Ended.ShouldHaveSingleItem();
        (await rig.GrantedAsync(key)).Session.Id.ShouldNotBe(first.Session.Id);
    }

    [Fact]
    public async Task Later_sessions_have_higher_ids_even_when_the_clock_stands_still()
    {
        await using var rig = await Rig.OpenAsync(postgres);
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
    public async Task Leaving_twice_or_late_does_not_disturb_the_successor()
    {
        await using var rig = await Rig.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var first = await rig.GrantedAsync(key);
        await rig.LeaveAsync(first);
        await rig.GrantedAsync(key);
        await rig.LeaveAsync(first);

        (await rig.RefusedAsync(key)).Reason.ShouldBe(PublishRejectionReason.ChannelBusy);
    }

    [Fact]
    public async Task An_operator_ends_the_session_and_its_encoder_is_sent_away()
    {
        await using var rig = await Rig.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var grant = await rig.GrantedAsync(key);

        rig.Book.End(rig.Book.ChannelsInUse().Single(), "ended by an operator").ShouldBe(grant.Session.Id);
        await Broadcast.Testing.Poll.UntilAsync(() => grant.Revoked.IsCancellationRequested);
        await rig.LeaveAsync(grant);

        rig.Book.ChannelsInUse().ShouldBeEmpty();
        var ended = (await rig.HistoryAsync("demo")).Single();
        (ended.EndReason, ended.LastPublicationEndedAt).ShouldBe(("ended by an operator", ended.EndedAt), "its encoder was there to the end");
        (await rig.GrantedAsync(key)).Session.Id.ShouldNotBe(grant.Session.Id);
    }

    [Fact]
    public async Task While_the_database_is_away_known_keys_are_let_in_for_five_minutes_and_their_sessions_are_written_later()
    {
        await using var rig = await Rig.OpenAsync(postgres);
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
    public async Task An_open_session_in_the_database_that_nobody_knows_of_is_superseded_by_the_new_one()
    {
        await using var rig = await Rig.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var stray = SessionId.New(rig.Clock.GetUtcNow() + TimeSpan.FromDays(1)).Value;   // born of a clock that went wrong
        await using var command = rig.Database.Source.CreateCommand(
            $"INSERT INTO sessions (id, channel_id, epoch, latency, started_at) SELECT '{stray}', id, 1, 'low', now() FROM channels");
        await command.ExecuteNonQueryAsync();

        var grant = await rig.GrantedAsync(key);

        var history = await rig.HistoryAsync("demo");
        history.Single(s => s.Id == stray).EndReason.ShouldBe("superseded");
        history.Single(s => s.EndedAt is null).Id.ShouldBe(grant.Session.Id.Value);
    }

    [Fact]
    public async Task Before_the_database_was_ever_reached_nobody_is_let_in()
    {
        await using var rig = await Rig.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var early = rig.NewAuthority();

        ((PublishDecision.Rejected)await early.AuthorizeAsync(new(key, null, ""), default)).Reason.ShouldBe(PublishRejectionReason.AuthorityUnavailable);
    }
}
