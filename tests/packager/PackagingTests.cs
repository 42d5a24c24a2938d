using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Packager.Sessions;
using Broadcast.Testing;
using static Broadcast.Packager.Tests.Encoder;

namespace Broadcast.Packager.Tests;

public class PackagingTests
{
    [Fact]
    public async Task Encoders_that_return_with_other_renditions_do_not_add_renditions_without_limit()
    {
        using var packager = await new PackagerHarness().StartAsync();
        var session = Session();
        for (var encoder = 0; encoder < 12; encoder++)
        {
            Rendition[] others = [.. Enumerable.Range(0, 7)
                .Select(i => new Rendition($"{(encoder * 7) + i}p", TrackKind.Video, IsLeading: false))];
            var samples = VideoFrames(2, 60, from: encoder * 2).SelectMany(sample => (RenditionSample[])
                [sample, .. others.Select(other => sample with { Rendition = other })]);
            await packager.PublishAsync(session, [.. samples], [Source, .. others]);
        }

        packager.Timeline(session).Renditions.Count.ShouldBe(32);
        packager.Timeline(session).LastSegment.ShouldBe(12);
    }

    [Fact]
    public async Task Announced_parts_are_in_the_files_and_read_back_as_the_received_samples()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        var samples = Interleave(VideoFrames(8, 60, offset: 6000), Frames(8));
        await bench.PublishAsync(session, samples);

        var timeline = bench.Timeline(session);
        timeline.Renditions.Select(r => r.Name).ShouldBe(["source", "audio"]);
        timeline.Find("source")!.Segments.Select(s => s.Number).ShouldBe([1, 2, 3, 4]);
        foreach (var rendition in timeline.Renditions)
        {
            var init = InitSegmentReader.Read(bench.Spool.Bytes(rendition.Init!.Object)!);
            init.Timescale.ShouldBe(rendition.Init.Format.Timescale);
            long? end = null;
            var payloads = new List<byte[]>();
            foreach (var segment in rendition.Segments)
            {
                segment.IsClosed.ShouldBeTrue();
                var bytes = bench.Spool.Bytes(segment.Object)!;
                segment.Object.Value.ShouldBe($"live/main/{session.Id}/{rendition.Name}/{segment.Number}.m4s");
                bytes.Length.ShouldBe((int)segment.Length);
                BoxTree.Read(bytes)[0].Box.Type.ShouldBe(BoxType.Of("styp"u8));
                foreach (var part in segment.Parts)
                {
                    var fragment = FragmentReader.ReadAll(bytes.AsSpan((int)part.Offset, part.Length), out var consumed)
                        .ShouldHaveSingleItem();
                    consumed.ShouldBe(part.Length);
                    fragment.BaseDecodeTime.ShouldBe(end ?? fragment.BaseDecodeTime);
                    end = fragment.BaseDecodeTime + fragment.Duration;
                    fragment.Duration.ShouldBe(part.Duration.Ticks);
                }
            }
        }

        bench.Spool.Sealed.Count(name => name.Value.EndsWith(".m4s", StringComparison.Ordinal)).ShouldBe(8);
    }

    [Fact]
    public async Task Session_totals_are_available_after_the_end()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        await bench.PublishAsync(session, Interleave(VideoFrames(8, 60, offset: 6000), Frames(8)));
        bench.Stage.TotalsOf(session.Id).ShouldBeNull("it may go on");
        await bench.Stage.EndAsync(session.Channel, session.Id, "over", CancellationToken.None);

        var made = bench.Stage.TotalsOf(session.Id)!;
        (made.Segments, made.Gaps).ShouldBe((4L, 0L));
        made.Renditions.ShouldBe(["audio", "source"]);
        made.Bytes.ShouldBeInRange(1, bench.Timeline(session).Renditions.SelectMany(r => r.Segments).Sum(s => s.Length));
    }

    [Fact]
    public async Task Renditions_keep_the_publication_order_regardless_of_which_has_media_first()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        var second = AudioTrack with { Name = "audio-2" };
        await bench.PublishAsync(session, Interleave(VideoFrames(8, 60), Frames(5, from: 3), Frames(8, rendition: second)), Source,
            AudioTrack, second);

        bench.Timeline(session).Renditions.Select(r => r.Name).ShouldBe(["source", "audio", "audio-2"]);
    }

    [Fact]
    public async Task Payloads_are_written_in_order_and_unchanged()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        var samples = VideoFrames(4, 60).ToList();
        await bench.PublishAsync(session, samples, Source);

        var segments = bench.Timeline(session).Find("source")!.Segments;
        var payloads = segments.SelectMany(segment => segment.Parts.SelectMany(part =>
        {
            var bytes = bench.Spool.Bytes(segment.Object)!.AsSpan((int)part.Offset, part.Length);
            return bytes[^(part.Length - MdatStart(bytes))..].ToArray();
        }));
        payloads.ShouldBe(samples.SelectMany(sample => sample.Sample.Payload.ToArray()));
    }

    private static int MdatStart(ReadOnlySpan<byte> part)
    {
        var reader = new BoxReader(part);
        while (reader.TryRead(out var box))
        {
            if (box.Type == BoxType.Of("mdat"u8))
            {
                return box.BodyOffset;
            }
        }

        throw new InvalidOperationException("no mdat");
    }

    [Fact]
    public async Task Part_is_in_the_spool_and_in_the_journal_before_it_is_announced()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        var seen = 0;
        bench.Sink.OnAppend = events =>
        {
            var journal = bench.Spool.Files.Where(f => f.Key.Value.StartsWith("journal/", StringComparison.Ordinal))
                .OrderBy(f => f.Key.Value, StringComparer.Ordinal)
                .Select(f => JournalFile.Read(f.Value)!).Last();
            foreach (var part in events.OfType<TimelineEvent.PartReady>())
            {
                bench.Spool.Bytes(part.Object)!.Length.ShouldBeGreaterThanOrEqualTo((int)part.Offset + part.Length);
                journal.Events.ShouldContain(part);
                seen++;
            }
        };
        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60), Frames(5)));

        seen.ShouldBeGreaterThan(15);
        bench.Log.Count(3030).ShouldBe(0, "the assertions above run inside the sink, whose failures are logged");
    }

    [Fact]
    public async Task Slate_is_on_the_timeline_until_an_encoder_returns()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60), Frames(5)));
        bench.Timeline(session).Slate.ShouldBeNull();
        bench.IsSlate = true;
        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60, from: 10), Frames(5, from: 10)));
        bench.Timeline(session).Slate!.First.ShouldBe(4);
        bench.IsSlate = false;
        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60, from: 20), Frames(5, from: 20)));

        bench.Timeline(session).Slate.ShouldBeNull();
        bench.Sink.Events.OfType<TimelineEvent.Discontinuity>().Select(d => (d.Segment, d.IsSlate)).ShouldBe([(4, true), (7, false)]);
    }

    [Fact]
    public async Task Returning_encoder_continues_the_session_with_the_next_number_and_a_discontinuity()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60), Frames(5)));
        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60, from: 2), Frames(5, from: 2)));
        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60, from: 100), Frames(5, from: 100)));

        var timeline = bench.Timeline(session);
        bench.Sink.Events.OfType<TimelineEvent.Discontinuity>().Select(d => d.Segment).ShouldBe([4, 7]);
        foreach (var rendition in timeline.Renditions)
        {
            rendition.Segments.Select(s => s.Number).ShouldBe(Enumerable.Range(1, 9).Select(n => (long)n));
            rendition.Inits.Count.ShouldBe(1, "the configuration is the same");
            for (var i = 1; i < rendition.Segments.Count; i++)
            {
                rendition.Segments[i].Start.ShouldBeGreaterThanOrEqualTo(rendition.Segments[i - 1].End);
            }
        }

        timeline.Find("source")!.Segments[3].Start.TotalSeconds.ShouldBe(5, tolerance: 0.03);
        timeline.Find("source")!.Segments[6].Start.TotalSeconds.ShouldBe(100);
    }

    [Fact]
    public async Task Changed_configuration_creates_a_new_init_segment()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        await bench.PublishAsync(session, [.. VideoFrames(4, 60), .. VideoFrames(4, 60, from: 4, track: OtherVideo)], Source);

        var source = bench.Timeline(session).Find("source")!;
        source.Inits.Select(i => i.Object.Value.Split('/')[^1]).ShouldBe(["init-1.mp4", "init-2.mp4"]);
        source.Segments.Select(s => s.Init).ShouldBe([1, 1, 2, 2]);
        source.Segments.Select(s => s.Discontinuity).ShouldBe([false, false, true, false]);
    }

    [Fact]
    public async Task Formats_describe_the_received_media()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        await bench.PublishAsync(session, Interleave(VideoFrames(3, 50, rate: 25), Frames(3)));

        bench.Timeline(session).Find("source")!.Init!.Format.ShouldSatisfyAllConditions(
            f => f.FrameRate.ShouldBe(25), f => f.Codecs.ShouldStartWith("avc1."), f => f.Width.ShouldBeGreaterThan(0),
            f => f.Height.ShouldBeGreaterThan(0));
        bench.Timeline(session).Find("audio")!.Init!.Format
            .ShouldBe(new RenditionFormat(TrackKind.Audio, "mp4a.40.2", 48_000, 0, 0, 0, 48_000, 2, null));
    }

    [Fact]
    public async Task Second_encoder_of_the_same_session_waits_for_the_first()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        var first = bench.Begin(session);
        first.Send(Interleave(VideoFrames(4, 60), Frames(4)));
        var second = bench.Begin(session);
        second.Send(Interleave(VideoFrames(4, 60, from: 4), Frames(4, from: 4)));
        var before = bench.Timeline(session).LastSegment;
        first.Send(Interleave(VideoFrames(2, 60, from: 4), Frames(2, from: 4)));

        before.ShouldBe(2);
        second.Running.IsCompleted.ShouldBeFalse();
        await first.EndAsync();
        await second.EndAsync();
        bench.Timeline(session).Find("source")!.Segments.Select(s => (s.Number, s.Discontinuity))
            .ShouldBe([(1, false), (2, false), (3, false), (4, true), (5, false)]);
    }

    [Fact]
    public async Task End_closes_open_segments_and_accepts_no_more_samples()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        var publishing = bench.Begin(session);
        publishing.Send(Interleave(VideoFrames(5, 60), Frames(5)));
        await bench.Stage.EndAsync(session.Channel, session.Id, "over", CancellationToken.None);
        publishing.Send(VideoFrames(5, 60, from: 5));
        await publishing.EndAsync();
        bench.Log.Count(3005).ShouldBe(0, "what comes in the moment of the end is no encoder that does not know");
        await bench.Stage.EndAsync(session.Channel, session.Id, "again", CancellationToken.None);
        bench.Time.Advance(TimeSpan.FromSeconds(3));
        await bench.PublishAsync(session, [.. VideoFrames(5, 60, from: 10)]);

        var timeline = bench.Timeline(session);
        (timeline.IsEnded, timeline.EndReason).ShouldBe((true, "over"));
        timeline.Find("source")!.Segments.Sum(s => s.Duration.TotalSeconds).ShouldBe(5, tolerance: 0.001);
        bench.Sink.Events.Last().ShouldBeOfType<TimelineEvent.Ended>();
        bench.Spool.Files.Keys.ShouldBeEmpty("everything is sealed");
        bench.Stage.Current.ShouldHaveSingleItem().ShouldBe(new PackagedSession(session.Channel, session.Id, false, true, 3));
        bench.Log.Count(3005).ShouldBe(1);
    }

    [Fact]
    public async Task Ending_an_unknown_session_succeeds_and_deleting_a_live_one_fails()
    {
        using var bench = await new PackagerHarness().StartAsync();
        await bench.Stage.EndAsync(ChannelName.Parse("other"), SessionId.New(Noon), "over", CancellationToken.None);
        await bench.Stage.ForgetAsync(ChannelName.Parse("other"), SessionId.New(Noon), CancellationToken.None);
        var session = Session();
        await bench.PublishAsync(session, [.. VideoFrames(3, 60)], Source);

        await Should.ThrowAsync<InvalidOperationException>(async () =>
            await bench.Stage.ForgetAsync(session.Channel, session.Id, CancellationToken.None));
        await bench.Stage.EndAsync(session.Channel, session.Id, "over", CancellationToken.None);
        await bench.Stage.ForgetAsync(session.Channel, session.Id, CancellationToken.None);
        bench.Sink.Forgotten.ShouldContain(session.Id);
        bench.Spool.Store.Objects.Keys.ShouldBeEmpty();
    }

    [Fact]
    public async Task Window_moves_and_segments_behind_it_are_deleted_after_a_grace_period()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        await bench.PublishAsync(session, Interleave(VideoFrames(80, 60), Frames(80)));

        var timeline = bench.Timeline(session);
        timeline.FirstSegment.ShouldBe(11);
        timeline.Find("source")!.Segments.Sum(s => s.Duration.TotalSeconds).ShouldBe(60, tolerance: 0.001);
        timeline.Find("audio")!.Segments[0].Number.ShouldBe(11);
        var left = ObjectName.Parse($"live/main/{session.Id}/source/1.m4s");
        bench.Spool.Bytes(left).ShouldNotBeNull();

        bench.Time.Advance(TimeSpan.FromSeconds(62));
        bench.Spool.Bytes(left).ShouldNotBeNull("players may still be reading it");
        bench.Time.Advance(TimeSpan.FromSeconds(2));
        bench.Spool.Bytes(left).ShouldBeNull();
        bench.Spool.Store.Objects.Keys.Count(name => name.Value.Contains("/source/", StringComparison.Ordinal))
            .ShouldBe(31, "30 segments and an init segment");
    }

    [Fact]
    public async Task Journal_is_rotated_and_keeps_few_files_that_are_each_complete()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        await bench.PublishAsync(session, Interleave(VideoFrames(65, 60), Frames(65)));

        var journals = bench.Spool.Store.Objects.Where(o => o.Key.Value.StartsWith("journal/", StringComparison.Ordinal))
            .OrderBy(o => o.Key.Value, StringComparer.Ordinal).ToList();
        journals.Select(j => j.Key.Value.Split('/')[^1]).ShouldBe(["1-00000006.jsonl", "1-00000007.jsonl"]);
        var file = JournalFile.Read(journals[^1].Value).ShouldNotBeNull();
        file.End.ShouldBe(JournalEnd.Idle);
        file.BuildTimeline().Checkpoint().ShouldBe(bench.Timeline(session).Checkpoint());
    }

    [Fact]
    public async Task Newer_session_removes_the_older_one_once_it_is_playable()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var older = Session();
        var newer = Session(at: Noon + TimeSpan.FromHours(1));
        var elsewhere = Session(channel: "elsewhere");
        await bench.PublishAsync(older, [.. VideoFrames(5, 60)], Source);
        await bench.Stage.EndAsync(older.Channel, older.Id, "over", CancellationToken.None);
        await bench.PublishAsync(elsewhere, [.. VideoFrames(5, 60)], Source);
        await bench.Stage.EndAsync(elsewhere.Channel, elsewhere.Id, "over", CancellationToken.None);

        bench.Time.Advance(TimeSpan.FromMinutes(10));
        var publishing = bench.Begin(newer, Source);
        publishing.Send(VideoFrames(1, 60));
        bench.Time.Advance(TimeSpan.FromMinutes(10));
        bench.Sink.Forgotten.ShouldBeEmpty("nothing of the newer one can be played yet");
        publishing.Send(VideoFrames(4, 60, from: 1));
        bench.Time.Advance(TimeSpan.FromSeconds(59));
        bench.Sink.Forgotten.ShouldBeEmpty();
        bench.Time.Advance(TimeSpan.FromSeconds(2));
        await Poll.UntilAsync(() => bench.Sink.Forgotten.Count > 0);

        bench.Sink.Forgotten.ShouldBe([older.Id]);
        bench.Spool.Store.Objects.Keys.ShouldNotContain(name => name.Value.Contains(older.Id.Value, StringComparison.Ordinal));
        await publishing.EndAsync();
    }

    [Fact]
    public async Task Older_session_without_an_end_is_removed_but_not_while_its_encoder_sends()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var (older, newer) = (Session(), Session(at: Noon + TimeSpan.FromHours(1)));
        var publishing = bench.Begin(older, Source);
        publishing.Send(VideoFrames(5, 60));
        await bench.PublishAsync(newer, [.. VideoFrames(5, 60)], Source);
        bench.Time.Advance(TimeSpan.FromSeconds(200));
        bench.Sink.Forgotten.ShouldBeEmpty();
        await publishing.EndAsync();
        bench.Time.Advance(TimeSpan.FromSeconds(61));

        bench.Sink.Forgotten.ShouldBe([older.Id]);
    }

    [Fact]
    public async Task Batch_needs_one_append_per_part_and_one_to_the_journal()
    {
        using var bench = await new PackagerHarness().StartAsync();
        await bench.PublishAsync(Session(), [.. VideoFrames(20, 60)], Source);

        // 40 parts, an init segment, and the journal: at most one append per part, three files.
        bench.Spool.Appends.ShouldBeLessThanOrEqualTo(40 + 1 + 40 + 6);
    }

    [Fact]
    public async Task Failing_sink_does_not_stop_packaging_or_the_other_sinks()
    {
        using var bench = await new PackagerHarness().StartAsync();
        bench.Sink.OnAppend = _ => throw new InvalidOperationException("boom");
        var session = Session();
        await bench.PublishAsync(session, [.. VideoFrames(5, 60)], Source);

        bench.Timeline(session).LastSegment.ShouldBe(3);
        bench.Log.Count(3030).ShouldBeGreaterThan(0);
    }
}
