using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;
using Broadcast.Testing;
using static Broadcast.Packager.Tests.Encoder;

namespace Broadcast.Packager.Tests;

public class RecoveryTests
{
    /// <summary>A session whose process was killed in the middle of a segment.</summary>
    private static async Task<(PackagerHarness Bench, BroadcastSession Session, PackagerHarness.Publishing Publishing)> RunningAsync(
        double seconds, LatencyProfile? latency = null)
    {
        var bench = await new PackagerHarness().StartAsync();
        var session = Session(latency: latency);
        var publishing = bench.Begin(session);
        publishing.Send(Interleave(VideoFrames(seconds, 60), Frames(seconds)));
        return (bench, session, publishing);
    }

    [Fact]
    public async Task Killed_session_ends_its_open_segment_at_the_last_part_and_a_returning_encoder_continues()
    {
        var (killed, session, _) = await RunningAsync(13.2);
        var before = killed.Timeline(session);
        using var bench = await new PackagerHarness(killed.Spool.AfterKill()).StartAsync();

        var timeline = bench.Timeline(session);
        timeline.Session.Epoch.ShouldBe(2);
        timeline.LastSegment.ShouldBe(7);
        timeline.Find("source")!.Open.ShouldBeNull();
        foreach (var rendition in before.Renditions)
        {
            var after = timeline.Find(rendition.Name)!;
            after.Segments.SelectMany(s => s.Parts).ShouldBe(rendition.Segments.SelectMany(s => s.Parts));
            after.Segments.ShouldAllBe(s => bench.Spool.Bytes(s.Object)!.Length == s.Length);
        }

        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60, from: 20), Frames(5, from: 20)));
        bench.Timeline(session).Find("source")!.Segments.Select(s => s.Number).ShouldBe(Enumerable.Range(1, 10).Select(n => (long)n));
        bench.Timeline(session).Discontinuities.ShouldBe([8]);
        bench.Timeline(session).Renditions.ShouldAllBe(r => r.Inits.Count == 1, "the encoder is configured as it was");
        await bench.PublishAsync(session, [.. VideoFrames(3, 60, from: 30, track: OtherVideo)], Source);
        bench.Timeline(session).Find("source")!.Init!.Number.ShouldBe(2);
    }

    [Fact]
    public async Task Written_but_unannounced_bytes_are_truncated()
    {
        var (killed, session, _) = await RunningAsync(5);
        var disk = killed.Spool.AfterKill();
        var open = ObjectName.Parse($"live/main/{session.Id}/source/3.m4s");
        disk.Put(open, [.. disk.Bytes(open)!, 1, 2, 3]);
        var next = ObjectName.Parse($"live/main/{session.Id}/source/4.m4s");
        disk.Put(next, [1, 2, 3]);
        using var bench = await new PackagerHarness(disk).StartAsync();

        var segment = bench.Timeline(session).Find("source")!.Find(3)!;
        bench.Spool.Bytes(open)!.Length.ShouldBe((int)segment.Length);
        await bench.PublishAsync(session, [.. VideoFrames(2, 60, from: 20)], Source);
        bench.Spool.Bytes(next)!.Length.ShouldBe((int)bench.Timeline(session).Find("source")!.Find(4)!.Length);
    }

    [Fact]
    public async Task Journal_truncated_at_any_byte_restores_everything_announced_before_and_never_goes_back()
    {
        // Few events, because each byte costs a recovery.
        var latency = LatencyProfile.Standard with { Window = TimeSpan.FromSeconds(4), PartTarget = TimeSpan.FromSeconds(1) };
        var (killed, session, _) = await RunningAsync(24.3, latency);
        var journals = killed.Spool.Files.Keys.Where(n => n.Value.StartsWith("journal/", StringComparison.Ordinal)).ToList();
        var newest = journals.MaxBy(n => n.Value, StringComparer.Ordinal);
        var whole = killed.Spool.Bytes(newest)!;
        var complete = JournalFile.Read(whole).ShouldNotBeNull();
        complete.Number.ShouldBe(3);
        var known = new SessionTimeline(session);
        var checkpoint = 0;
        (long Last, int Parts, long Closed) previous = default;
        for (var length = 0; length <= whole.Length; length++)
        {
            var isWhole = JournalFile.Read(whole.AsSpan(0, length)) is not null;
            var timeline = await RecoverAsync(killed, newest, whole[..length], isWhole ? long.MaxValue : 10);

            // Every event with a complete line is present.
            var events = JournalFile.Read(whole.AsSpan(0, length))?.Events;
            for (; events is not null && checkpoint < events.Count; checkpoint++)
            {
                known.Apply(events[checkpoint]);
            }

            var now = Measure(timeline);
            Compare(now, previous).ShouldBeGreaterThanOrEqualTo(0, $"cut at {length}, it knows less than when cut before");
            Compare(now, Measure(known)).ShouldBeGreaterThanOrEqualTo(0, $"cut at {length}, something announced is missing");
            previous = now;
        }

        previous.Last.ShouldBe(killed.Timeline(session).LastSegment);
    }

    [Fact]
    public async Task Damaged_newest_journal_becomes_a_gap_and_no_number_is_reused()
    {
        var (killed, session, _) = await RunningAsync(24.3);
        var newest = ObjectNames.Of(session).Journal(1, 3);
        var disk = killed.Spool.AfterKill();
        disk.Put(newest, killed.Spool.Bytes(newest)![..200]);
        using var bench = await new PackagerHarness(disk, new ManualTimeProvider(Noon + TimeSpan.FromSeconds(25))).StartAsync();

        var source = bench.Timeline(session).Find("source")!;
        source.Segments.Where(s => !s.IsGap).Select(s => s.Number).ShouldBe(Enumerable.Range(1, 12).Select(n => (long)n),
            "the journal names ten, and two more are in the store");
        source.Segments[^1].Number.ShouldBeGreaterThanOrEqualTo(killed.Timeline(session).LastSegment);
        bench.Spool.Files.Keys.ShouldContain(ObjectNames.Of(session).Journal(2, 4));
        bench.Spool.Files.Keys.ShouldNotContain(newest);
    }

    [Fact]
    public async Task Ended_session_is_announced_as_ended_and_not_continued()
    {
        using var first = await new PackagerHarness().StartAsync();
        var session = Session();
        await first.PublishAsync(session, Interleave(VideoFrames(5, 60), Frames(5)));
        await first.Stage.EndAsync(session.Channel, session.Id, "over", CancellationToken.None);
        using var bench = await new PackagerHarness(first.Spool.AfterKill()).StartAsync();

        bench.Timeline(session).IsEnded.ShouldBeTrue();
        bench.Timeline(session).Checkpoint().ShouldBe(first.Timeline(session).Checkpoint());
    }

    [Fact]
    public async Task Newest_playable_session_of_a_channel_is_kept()
    {
        using var first = await new PackagerHarness().StartAsync();
        var (old, middle, recent) = (Session(), Session(at: Noon.AddHours(1)), Session(at: Noon.AddHours(2)));
        await first.PublishAsync(old, [.. VideoFrames(5, 60)], Source);
        await first.PublishAsync(middle, [.. VideoFrames(5, 60)], Source);
        var publishing = first.Begin(recent, Source);
        publishing.Send(VideoFrames(1, 60));
        var disk = first.Spool.AfterKill();
        List<ObjectName> superseded = [.. disk.Files.Keys.Concat(disk.Store.Objects.Keys)
            .Where(name => !name.Value.Contains(recent.Id.Value, StringComparison.Ordinal))];
        superseded.Count.ShouldBeGreaterThan(4);
        using var bench = await new PackagerHarness(disk).StartAsync();

        // The segment left open by the kill is now a complete, playable segment.
        bench.Sink.Timelines.Keys.ShouldBe([recent.Id]);
        await Poll.UntilAsync(() => superseded.TrueForAll(name => bench.Spool.Bytes(name) is null));
        bench.Spool.Files.Keys.Concat(bench.Spool.Store.Objects.Keys)
            .ShouldAllBe(name => name.Value.Contains(recent.Id.Value, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Unreachable_store_delays_only_sessions_known_to_it_alone()
    {
        var (killed, live, _) = await RunningAsync(5);
        var past = Session("past");
        await killed.PublishAsync(past, [.. VideoFrames(5, 60)], Source);
        await killed.Stage.EndAsync(past.Channel, past.Id, "over", CancellationToken.None);
        var disk = killed.Spool.AfterKill();
        disk.Store.Unreachable = true;
        using var bench = await new PackagerHarness(disk).StartAsync();

        bench.Sink.Timelines.Keys.ShouldBe([live.Id]);
        bench.Log.Count(3022).ShouldBe(1);
        disk.Store.Unreachable = false;
        await Poll.UntilAsync(() =>
        {
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            return bench.Sink.Timelines.ContainsKey(past.Id);
        });
        bench.Timeline(past).IsEnded.ShouldBeTrue();
        bench.Log.Count(3022).ShouldBe(1);
    }

    [Fact]
    public async Task Earlier_session_that_only_the_unreachable_store_may_know_does_not_reuse_numbers()
    {
        var time = new ManualTimeProvider(Noon + TimeSpan.FromSeconds(100));
        using var bench = await new PackagerHarness(new FakeSpool { Store = new FakeStore { Unreachable = true } }, time).StartAsync();
        var session = Session();
        await bench.PublishAsync(session, [.. VideoFrames(5, 60, from: 100)], Source);

        bench.Timeline(session).FirstSegment.ShouldBe(101);
        bench.Timeline(session).Find("source")!.Segments[0]
            .ShouldSatisfyAllConditions(s => s.Number.ShouldBe(101), s => s.Init.ShouldBe(101));
    }

    [Fact]
    public async Task Session_with_an_unreadable_journal_does_not_reuse_numbers()
    {
        var (killed, session, _) = await RunningAsync(5);
        var disk = killed.Spool.AfterKill();
        disk.Put(ObjectNames.Of(session).Journal(1, 1), [1, 2, 3]);
        using var bench = await new PackagerHarness(disk, new ManualTimeProvider(Noon + TimeSpan.FromSeconds(10))).StartAsync();
        await bench.PublishAsync(session, [.. VideoFrames(5, 60, from: 10)], Source);

        bench.Timeline(session).Find("source")!.Segments[0].Number.ShouldBe(11);
        bench.Log.Count(3021).ShouldBe(1);
    }

    [Theory]
    [InlineData(20, false)]
    [InlineData(500, true)]
    public async Task Segments_lost_with_a_machine_become_a_gap_and_their_numbers_are_not_reused(int away, bool all)
    {
        var (killed, session, _) = await RunningAsync(24.3);
        var disk = killed.Spool.AfterKill();
        foreach (var name in disk.Files.Keys)
        {
            disk.Lose(name);
        }

        using var bench = await new PackagerHarness(disk, new ManualTimeProvider(Noon + TimeSpan.FromSeconds(24 + away))).StartAsync();
        var timeline = bench.Timeline(session);
        timeline.LastSegment.ShouldBeGreaterThan(killed.Timeline(session).LastSegment);
        (timeline.FirstSegment > 1).ShouldBe(all);
        timeline.Find("source")!.Segments.Count(s => s.IsGap).ShouldBe(all ? 0 : (int)timeline.LastSegment - 12);
        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60, from: 24 + away), Frames(5, from: 24 + away)));
        bench.Timeline(session).Find("source")!.Segments[^1].IsGap.ShouldBeFalse();
        bench.Log.Count(3025).ShouldBe(1);
    }

    [Fact]
    public async Task Numbers_used_by_a_lost_machine_after_its_encoder_returned_are_not_reused()
    {
        using var first = await new PackagerHarness().StartAsync();
        var session = Session();
        await first.PublishAsync(session, Interleave(VideoFrames(6, 60), Frames(6)));
        first.Begin(session).Send(Interleave(VideoFrames(3, 60, from: 10), Frames(3, from: 10)));
        var used = first.Timeline(session).LastSegment;
        var disk = first.Spool.AfterKill();
        foreach (var name in disk.Files.Keys)
        {
            disk.Lose(name);
        }

        disk.Store.Objects.Keys.Count(name => name.Value.StartsWith("journal/", StringComparison.Ordinal))
            .ShouldBe(1, "the one that says that no encoder was there");
        using var bench = await new PackagerHarness(disk, new ManualTimeProvider(Noon + TimeSpan.FromSeconds(20))).StartAsync();

        bench.Timeline(session).LastSegment.ShouldBeGreaterThanOrEqualTo(used);
        bench.Log.Count(3025).ShouldBe(1);
    }

    [Fact]
    public async Task Encoder_pause_is_not_treated_as_a_loss()
    {
        using var first = await new PackagerHarness().StartAsync();
        var session = Session();
        await first.PublishAsync(session, Interleave(VideoFrames(6, 60), Frames(6)));
        var last = first.Timeline(session).LastSegment;

        using var bench = await new PackagerHarness(first.Spool.AfterKill(),
            new ManualTimeProvider(Noon + TimeSpan.FromSeconds(20))).StartAsync();

        bench.Timeline(session).LastSegment.ShouldBe(last);
        bench.Log.Count(3025).ShouldBe(0);
    }

    [Fact]
    public async Task Repeated_recovery_changes_nothing_but_the_epoch()
    {
        var (killed, session, _) = await RunningAsync(7.7);
        var disk = killed.Spool.AfterKill();
        IReadOnlyList<TimelineEvent>? first = null;
        for (var i = 0; i < 5; i++)
        {
            var bench = await new PackagerHarness(disk).StartAsync();
            var checkpoint = bench.Timeline(session).Checkpoint();
            bench.Timeline(session).Session.Epoch.ShouldBe(2 + i);
            (first ??= [.. checkpoint.Skip(1)]).ShouldBe(checkpoint.Skip(1));
            disk = bench.Spool.AfterKill();
        }

        disk.Files.Keys.Concat(disk.Store.Objects.Keys).Count(n => n.Value.StartsWith("journal/", StringComparison.Ordinal))
            .ShouldBeLessThanOrEqualTo(6);
    }

    [Fact]
    public async Task Segments_behind_the_window_that_were_not_deleted_yet_are_deleted_after_the_restart()
    {
        var (killed, session, _) = await RunningAsync(70);
        using var bench = await new PackagerHarness(killed.Spool.AfterKill()).StartAsync();
        var left = ObjectName.Parse($"live/main/{session.Id}/source/1.m4s");
        bench.Spool.Bytes(left).ShouldNotBeNull();
        bench.Time.Advance(TimeSpan.FromSeconds(64));
        bench.Spool.Bytes(left).ShouldBeNull();
        bench.Timeline(session).Find("source")!.Segments.ShouldAllBe(s => bench.Spool.Bytes(s.Object) != null);
    }

    [Fact]
    public async Task Session_on_air_on_another_server_is_released_without_touching_its_stored_objects()
    {
        var (other, session, publishing) = await RunningAsync(24.3);
        var disk = new FakeSpool { Store = other.Spool.Store.Copy() };
        using var bench = await new PackagerHarness(disk).StartAsync();
        bench.Timeline(session).IsEnded.ShouldBeFalse();
        disk.Files.Keys.ShouldHaveSingleItem().Value.ShouldStartWith("journal/");
        var stored = disk.Store.Objects.Keys.ToList();

        await bench.Stage.ReleaseAsync(session.Channel, session.Id, default);

        bench.Sink.Released.ShouldBe([session.Id]);
        bench.Stage.Current.ShouldBeEmpty();
        await bench.Stage.EndAsync(session.Channel, session.Id, "the server was restarted", default);
        bench.Time.Advance(TimeSpan.FromHours(1));
        disk.Files.ShouldBeEmpty();
        disk.Deleted.ShouldBeEmpty();
        disk.Store.Objects.Keys.ShouldBe(stored, ignoreOrder: true);
        await publishing.EndAsync();
    }

    [Fact]
    public async Task Early_publication_waits_for_the_recovery()
    {
        var (killed, session, _) = await RunningAsync(5);
        using var bench = new PackagerHarness(killed.Spool.AfterKill());
        var publishing = bench.Begin(session);
        publishing.Send(Interleave(VideoFrames(3, 60, from: 10), Frames(3, from: 10)));
        bench.Sink.Batches.ShouldBeEmpty();
        await bench.StartAsync();
        await publishing.EndAsync();

        bench.Timeline(session).Find("source")!.Segments.Select(s => s.Number).ShouldBe([1, 2, 3, 4, 5]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n\n")]
    [InlineData("{}\n")]
    [InlineData(
        "{\"journal\":2,\"channel\":\"main\",\"session\":\"01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"epoch\":1,\"number\":1,\"checkpoint\":0}\n")]
    [InlineData(
        "{\"journal\":1,\"channel\":\"main\",\"session\":\"01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"epoch\":1,\"number\":1,\"checkpoint\":0}\n")]
    [InlineData(
        "{\"journal\":1,\"channel\":\"MAIN\",\"session\":1,\"epoch\":\"x\",\"number\":1,\"checkpoint\":-1}\n{\"type\":\"ended\",\"reason\":\"\"}\n")]
    public async Task Malformed_journal_does_not_prevent_the_start(string text)
    {
        var disk = new FakeSpool();
        disk.Put(ObjectName.Parse("journal/main/01ARZ3NDEKTSV4RRFFQ69G5FAV/00000001.jsonl"), System.Text.Encoding.UTF8.GetBytes(text));
        disk.Put(ObjectName.Parse("journal/main/nonsense"), [1]);
        disk.Put(ObjectName.Parse("journal/x.jsonl"), [1]);
        using var bench = await new PackagerHarness(disk).StartAsync();

        var session = Session();
        await bench.PublishAsync(session, [.. VideoFrames(3, 60)], Source);
        bench.Timeline(session).LastSegment.ShouldBe(2);
        bench.Log.Count(3021).ShouldBe(1);
    }

    private static (long Last, int Parts, long Closed) Measure(SessionTimeline timeline) => (
        timeline.LastSegment,
        timeline.Renditions.Sum(r => r.Find(timeline.LastSegment)?.Parts.Count ?? 0),
        timeline.Renditions.Sum(r => (long)r.Segments.Count(s => !s.IsGap && s.Number > timeline.FirstSegment)));

    private static int Compare((long Last, int Parts, long Closed) left, (long Last, int Parts, long Closed) right) =>
        left.Last != right.Last ? left.Last.CompareTo(right.Last) : left.Parts.CompareTo(right.Parts);

    /// <summary>Recovers with a truncated journal and the media written until then.</summary>
    private static async Task<SessionTimeline> RecoverAsync(PackagerHarness killed, ObjectName journal, byte[] cut, long lastSegment)
    {
        var disk = killed.Spool.AfterKill();
        disk.Put(journal, cut);
        foreach (var name in disk.Files.Keys.Concat(disk.Store.Objects.Keys)
            .Where(n => n.Value.EndsWith(".m4s", StringComparison.Ordinal)).ToList())
        {
            if (long.Parse(name.Value.Split('/')[^1].Split('.')[0]) > lastSegment)
            {
                disk.Lose(name);
                disk.Store.Objects.Remove(name);
            }
        }

        using var bench = await new PackagerHarness(disk).StartAsync();
        return bench.Sink.Timelines.Values.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Superseded_sessions_are_deleted_although_the_journals_of_some_cannot_be_read()
    {
        using var first = await new PackagerHarness().StartAsync();
        var sessions = Enumerable.Range(0, 12).Select(i => Session(at: Noon.AddMinutes(i))).ToList();
        foreach (var session in sessions)
        {
            await first.PublishAsync(session, Interleave(VideoFrames(5, 60), Frames(5)));
        }

        var denied = sessions.Where((_, i) => i is 4 or 6 or 8 or 10).Select(session => session.Id.Value).ToList();
        var disk = first.Spool.AfterKill();
        disk.IsUnreadable = name => denied.Exists(id => name.Value.Contains(id, StringComparison.Ordinal));
        using var bench = await new PackagerHarness(disk).StartAsync();

        await Poll.UntilAsync(() =>
        {
            bench.Time.Advance(TimeSpan.FromSeconds(2));
            return sessions.SkipLast(1).Where(session => !denied.Contains(session.Id.Value))
                .All(session => !disk.Store.Objects.Keys.Any(name => name.Value.Contains(session.Id.Value, StringComparison.Ordinal)));
        });
        bench.Log.Count(3024).ShouldBe(4, "each failure is reported once");
        disk.Store.Objects.Keys.Count(name => denied.Exists(id => name.Value.Contains(id, StringComparison.Ordinal)))
            .ShouldBeGreaterThan(0);

        disk.IsUnreadable = _ => false;
        await Poll.UntilAsync(() =>
        {
            bench.Time.Advance(TimeSpan.FromMinutes(10));
            return !disk.Store.Objects.Keys.Any(name => denied.Exists(id => name.Value.Contains(id, StringComparison.Ordinal)));
        });
    }
}
