using Broadcast.Control.Recordings;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.StorageToControl;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class RecordingRepositoryTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Recorded_session_has_a_recording_from_its_start_with_the_channels_title()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres, new("Evening"));
        var grant = await bench.BeginAsync();

        var begun = (await bench.Recordings.ListAsync(new())).ShouldHaveSingleItem();
        (begun.Id, begun.Session, begun.Kind, begun.Title, begun.Visibility,
            begun.Retention).ShouldBe((grant.Session.Id.Value, grant.Session.Id.Value, "session", "Evening", "public", "channel"));
        (begun.IsRecording, begun.Start, begun.End, begun.Duration).ShouldBe((true, grant.Session.StartedAt, null, null));

        bench.Rig.Clock.Advance(TimeSpan.FromMinutes(90));
        await bench.EndAsync(grant);

        var over = await bench.Recordings.GetAsync(begun.Id);
        (over.IsRecording, over.Duration, over.ExpiresAt).ShouldBe((false, TimeSpan.FromMinutes(90), null));
    }

    [Fact]
    public async Task Unrecorded_session_has_no_recording_and_no_clips()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres, new() { Record = false });
        await bench.SessionAsync(TimeSpan.FromSeconds(10));

        (await bench.IdsAsync()).ShouldBeEmpty();
        (await Should.ThrowAsync<OperationException>(() => bench.Recordings.ClipOfChannelAsync("demo", new(RecordingPosition.Start)))).Code
            .ShouldBe(OperationErrorCode.NotFound);
    }

    [Fact]
    public async Task Session_written_after_its_end_has_a_recording()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var grant = await bench.Rig.GrantedAsync(bench.Key);
        bench.Rig.Clock.Advance(TimeSpan.FromMinutes(1));
        await bench.Rig.LeaveAsync(grant);

        await bench.Rig.Ledger.FlushAsync(default);

        (await bench.Recordings.ListAsync(new())).ShouldHaveSingleItem().Duration.ShouldBe(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Recording_deleted_during_its_session_is_not_created_again()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var grant = await bench.BeginAsync();
        await bench.Recordings.DeleteAsync(grant.Session.Id.Value);

        await bench.Keeper().RunOnceAsync(default);
        bench.Rig.Lifecycle.Forgotten.ShouldBeEmpty("a session that is open is left alone");
        await bench.EndAsync(grant);

        (await bench.IdsAsync()).ShouldBeEmpty();
        await bench.Keeper().RunOnceAsync(default);
        bench.Rig.Lifecycle.Forgotten.ShouldBe([grant.Session.Id]);
        (await bench.ScalarAsync<long>("SELECT count(*) FROM recordings")).ShouldBe(0);
    }

    [Fact]
    public async Task Clip_can_be_created_during_the_session()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres, new("Match"));
        var grant = await bench.BeginAsync();
        bench.Rig.Clock.Advance(TimeSpan.FromMinutes(10));
        RecordingPosition.TryParse("-30", out var thirtyBack).ShouldBeTrue();

        var clip = await bench.Recordings.ClipOfChannelAsync("demo", new(thirtyBack, Title: "Goal"));

        var now = bench.Rig.Clock.GetUtcNow();
        (clip.Kind, clip.Title, clip.Session, clip.Start, clip.End,
            clip.IsRecording).ShouldBe(("clip", "Goal", grant.Session.Id.Value, now.AddSeconds(-30), now, false));
        RecordingPosition.TryParse("0:05", out var fiveIn).ShouldBeTrue();
        var inner = await bench.Recordings.ClipAsync(clip.Id, new(fiveIn, RecordingPosition.At(now.AddSeconds(-10))));
        (inner.Title, inner.Start, inner.End, inner.Session).ShouldBe(
            ("Goal", now.AddSeconds(-25), now.AddSeconds(-10), grant.Session.Id.Value));
    }

    [Fact]
    public async Task Clip_of_a_channel_uses_the_session_that_contains_its_start()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var first = await bench.SessionAsync(TimeSpan.FromMinutes(10));
        var within = bench.Rig.Clock.GetUtcNow().AddMinutes(-5);
        bench.Rig.Clock.Advance(TimeSpan.FromHours(1));
        var second = await bench.SessionAsync(TimeSpan.FromMinutes(10));

        (await bench.Recordings.ClipOfChannelAsync("demo", new(RecordingPosition.At(within)))).Session.ShouldBe(first.Value);
        (await bench.Recordings.ClipOfChannelAsync("demo", new(RecordingPosition.Start))).Session.ShouldBe(second.Value);
        var between = await Should.ThrowAsync<OperationException>(() =>
            bench.Recordings.ClipOfChannelAsync("demo", new(RecordingPosition.At(within.AddMinutes(30)))));
        between.ValidationErrors.ShouldHaveSingleItem().Member.ShouldBe("start");
    }

    [Theory]
    [InlineData("700", "end", "start")]
    [InlineData("begin", "601", "")]
    [InlineData("begin", "606", "end")]
    [InlineData("30", "30", "end")]
    [InlineData("40", "30", "end")]
    [InlineData("-700", "end", "start")]
    [InlineData("-601", "end", "")]
    [InlineData("2029-01-01T00:00:00Z", "2029-01-01T00:01:00Z", "start")]
    [InlineData("599.5", "end", "end")]
    public async Task Clip_range_has_to_lie_within_the_recording(string start, string end, string member)
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = await bench.SessionAsync(TimeSpan.FromSeconds(600));
        var (from, to) = (Parsed(start), Parsed(end));

        var error = await Record.ExceptionAsync(() => bench.Recordings.ClipAsync(session.Value, new(from, to)));

        (error as OperationException)?.ValidationErrors.Select(m => m.Member).ShouldBe([member]);
        (error is null).ShouldBe(member.Length == 0, error?.ToString());
    }

    [Fact]
    public async Task Repeated_trim_has_no_further_effect_and_can_be_undone()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = (await bench.SessionAsync(TimeSpan.FromSeconds(600))).Value;
        var begin = (await bench.Recordings.GetAsync(session)).Start;

        for (var i = 0; i < 2; i++)
        {
            var trimmed = await bench.Recordings.SetAsync(session, new(Start: Parsed("60"), End: Parsed("-60")));
            (trimmed.StartsAt, trimmed.EndsAt, trimmed.Duration).ShouldBe(
                (begin.AddSeconds(60), begin.AddSeconds(540), TimeSpan.FromSeconds(480)));
        }

        (await bench.Recordings.SetAsync(session, new(Title: "Cut"))).StartsAt.ShouldBe(begin.AddSeconds(60));
        var undone = await bench.Recordings.SetAsync(session, new(Start: RecordingPosition.Start, End: RecordingPosition.End));
        (undone.StartsAt, undone.EndsAt, undone.Title).ShouldBe((null, null, "Cut"));
    }

    [Fact]
    public async Task Positions_from_the_end_are_relative_to_the_end_of_the_last_publication()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = (await bench.SessionAsync(TimeSpan.FromSeconds(600))).Value;
        var begin = (await bench.Recordings.GetAsync(session)).Start;

        // State of a session that waited for another one.
        (await bench.ScalarAsync<int>("UPDATE sessions SET ended_at = ended_at + interval '60 seconds' RETURNING 1")).ShouldBe(1);

        (await bench.Recordings.GetAsync(session)).Duration.ShouldBe(TimeSpan.FromSeconds(600));
        (await bench.Recordings.SetAsync(session, new(End: Parsed("-60")))).EndsAt.ShouldBe(begin.AddSeconds(540));
        (await bench.Recordings.SetAsync(session, new(End: RecordingPosition.End))).EndsAt.ShouldBeNull();
        var clip = await bench.Recordings.ClipAsync(session, new(Parsed("-30")));
        (clip.Start, clip.End).ShouldBe((begin.AddSeconds(570), begin.AddSeconds(600)));
    }

    [Fact]
    public async Task Live_recording_can_be_trimmed_at_its_start_and_continues()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var grant = await bench.BeginAsync();
        bench.Rig.Clock.Advance(TimeSpan.FromMinutes(5));

        var trimmed = await bench.Recordings.SetAsync(grant.Session.Id.Value, new(Start: Parsed("1:00")));

        (trimmed.StartsAt, trimmed.EndsAt, trimmed.IsRecording).ShouldBe((grant.Session.StartedAt.AddMinutes(1), null, true));
    }

    [Fact]
    public async Task Recordings_are_paged_and_filtered()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var sessions = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            sessions.Insert(0, (await bench.SessionAsync(TimeSpan.FromMinutes(1))).Value);
        }

        var clip = (await bench.Recordings.ClipAsync(sessions[2], new(RecordingPosition.Start, Visibility: "unlisted"))).Id;
        await bench.Rig.Channels.CreateAsync("other", new());

        (await bench.Recordings.ListAsync(new(Kind: "session", Limit: 2))).Select(r => r.Id).ShouldBe(sessions.Take(2));
        (await bench.Recordings.ListAsync(new(Before: RecordingId.Parse(sessions[1])))).Select(r => r.Id).ShouldBe([sessions[2]]);
        (await bench.Recordings.ListAsync(new(Kind: "clip"))).Select(r => r.Id).ShouldBe([clip]);
        (await bench.Recordings.ListAsync(new(Visibility: "unlisted"))).Select(r => r.Id).ShouldBe([clip]);
        (await bench.Recordings.ListAsync(new(Session: SessionId.Parse(sessions[2])))).Select(r => r.Id)
            .ShouldBe([clip, sessions[2]], ignoreOrder: true);
        (await bench.Recordings.ListAsync(new("other"))).ShouldBeEmpty();
        (await bench.Recordings.ListAsync(new("demo"))).Count.ShouldBe(4);
        (await Should.ThrowAsync<OperationException>(() => bench.Recordings.ListAsync(new("none")))).Code
            .ShouldBe(OperationErrorCode.NotFound);
        (await Should.ThrowAsync<OperationException>(() => bench.Recordings.ListAsync(
            new(Kind: "x", Visibility: "y", Limit: 0)))).ValidationErrors.Select(m => m.Member).ShouldBe(["limit", "kind", "visibility"]);
    }

    [Fact]
    public async Task Number_of_clips_per_session_is_limited()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = await bench.SessionAsync(TimeSpan.FromMinutes(1));
        await bench.ScalarAsync<long>($"""
            WITH made AS (INSERT INTO recordings (id, channel_id, session_id, kind, title, visibility, created_at)
                SELECT lpad(g::text, 26, '0'), channel_id, session_id, 'clip', '', 'public', created_at FROM recordings, generate_series(1,
                    {RecordingRules.MaxClips}) g RETURNING 1)
            SELECT count(*) FROM made
            """);

        (await Should.ThrowAsync<OperationException>(() => bench.Recordings.ClipAsync(session.Value, new(RecordingPosition.Start)))).Code
            .ShouldBe(OperationErrorCode.Conflict);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("' OR true --")]
    [InlineData("01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    public async Task Missing_recording_is_reported_as_not_found(string id)
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        await bench.SessionAsync(TimeSpan.FromMinutes(1));

        foreach (var ask in (Func<Task>[])[() => bench.Recordings.GetAsync(id), () => bench.Recordings.SetAsync(id, new("x")),
            () => bench.Recordings.DeleteAsync(id), () => bench.Recordings.ClipAsync(id, new(default))])
        {
            (await Should.ThrowAsync<OperationException>(ask)).Code.ShouldBe(OperationErrorCode.NotFound);
        }

        (await bench.IdsAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Deletion_plan_lists_deleted_recordings_and_clips_that_retain_the_media()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = (await bench.SessionAsync(TimeSpan.FromMinutes(1))).Value;
        var clip = (await bench.Recordings.ClipAsync(session, new(RecordingPosition.Start))).Id;

        var alone = await bench.Recordings.PlanAsync(session, withClips: false, bench.Media);
        var all = await bench.Recordings.PlanAsync(session, withClips: true, bench.Media);

        (alone.DeletesMedia, alone.Media).ShouldBe((false, null));
        (string.Join(',', alone.RetainedBy), alone.Recordings.Single().Id).ShouldBe((clip, session));
        all.Recordings.Select(r => r.Id).ShouldBe([session, clip], ignoreOrder: true);
        (all.DeletesMedia, all.Media).ShouldBe((true, new SessionStorageUsage(12, 3456, true)));
        (await bench.IdsAsync()).Count.ShouldBe(2, "nothing was deleted");
    }

    private static RecordingPosition Parsed(string text) => RecordingPosition.TryParse(text, out var moment) ? moment
        : throw new FormatException(text);
}
