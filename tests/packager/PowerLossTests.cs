using System.Text;
using System.Text.RegularExpressions;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Testing;
using static Broadcast.Packager.Tests.Encoder;

namespace Broadcast.Packager.Tests;

/// <summary>Recovery after a power failure: the journal is there, but not all of the media that it announces.</summary>
public sealed partial class PowerLossTests
{
    /// <summary>A session that was killed in segment 7, with no file uploaded since segment 3.</summary>
    private static async Task<(FakeSpool Disk, BroadcastSession Session)> LostAsync(bool isRecorded = false)
    {
        var bench = await new PackagerHarness().StartAsync();
        var session = Session() with { IsRecorded = isRecorded };
        var publishing = bench.Begin(session);
        publishing.Send(Interleave(VideoFrames(6.2, 60), Frames(6.2)));
        bench.Spool.Uploads = false;
        publishing.Send(Interleave(VideoFrames(7, 60, from: 6.2), Frames(7, from: 6.2)).Where(sample =>
            sample.Sample.Decode.TotalSeconds >= 6.2));
        return (bench.Spool.AfterKill(), session);
    }

    private static ObjectName Segment(BroadcastSession session, int number, string rendition = "source") =>
        ObjectNames.Of(session).Segment(rendition, number);

    [Theory]
    [InlineData("shorter")]
    [InlineData("zeros at the end")]
    [InlineData("empty")]
    [InlineData("missing")]
    public async Task Damaged_segment_becomes_a_gap_and_is_not_uploaded(string damage)
    {
        var (disk, session) = await LostAsync();
        var damaged = Segment(session, 5);
        var bytes = disk.Bytes(damaged).ShouldNotBeNull();
        switch (damage)
        {
            case "shorter": disk.Put(damaged, bytes[..^1]); break;
            case "zeros at the end": disk.Put(damaged, [.. bytes[..^100], .. new byte[100]]); break;
            case "empty": disk.Put(damaged, []); break;
            default: disk.Lose(damaged); break;
        }

        disk.Uploads = true;
        using var bench = await new PackagerHarness(disk).StartAsync();

        var timeline = bench.Timeline(session);
        timeline.Find("source")!.Segments.Where(segment => segment.IsGap).Select(segment => segment.Number).ShouldBe([5]);
        timeline.Find("audio")!.Segments.ShouldAllBe(segment => !segment.IsGap);
        bench.Sink.Events.OfType<TimelineEvent.SegmentGap>().ShouldHaveSingleItem().Duration.TotalSeconds.ShouldBe(2, tolerance: 0.05);
        bench.Sink.Events.OfType<TimelineEvent.PartReady>().ShouldNotContain(part => part.Object == damaged);
        disk.Sealed.ShouldNotContain(damaged);
        disk.Bytes(damaged).ShouldBeNull();
        bench.Log.Count(3028).ShouldBe(1);

        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60, from: 20), Frames(5, from: 20)));
        bench.Timeline(session).Find("source")!.Segments.Select(segment => segment.Number)
            .ShouldBe(Enumerable.Range(1, 10).Select(number => (long)number));
        using var again = await new PackagerHarness(disk.AfterKill()).StartAsync();
        again.Timeline(session).Find("source")!.Find(5)!.IsGap.ShouldBeTrue("the journal says so");
    }

    [Fact]
    public async Task Open_segment_with_zeros_in_its_announced_parts_becomes_a_gap()
    {
        var (disk, session) = await LostAsync();
        var open = Segment(session, 7);
        disk.Put(open, new byte[disk.Bytes(open)!.Length]);
        using var bench = await new PackagerHarness(disk).StartAsync();

        bench.Timeline(session).Find("source")!.Segments[^1].ShouldSatisfyAllConditions(last => last.Number.ShouldBe(7),
            last => last.IsGap.ShouldBeTrue());
        bench.Spool.Bytes(open).ShouldBeNull();
    }

    [Fact]
    public async Task Undamaged_files_and_an_unavailable_store_leave_no_gaps()
    {
        var (disk, session) = await LostAsync();
        using (var bench = await new PackagerHarness(disk.AfterKill()).StartAsync())
        {
            bench.Timeline(session).Renditions.ShouldAllBe(rendition => rendition.Segments.All(segment => !segment.IsGap));
        }

        var copy = disk.AfterKill();
        copy.Store.Unreachable = true;
        using var alone = await new PackagerHarness(copy).StartAsync();
        alone.Timeline(session).Renditions.ShouldAllBe(rendition => rendition.Segments.All(segment => !segment.IsGap),
            "uploaded segments count as existing");
    }

    [Fact]
    public async Task Journal_of_an_older_version_without_checksums_is_recovered_and_lengths_are_compared()
    {
        var (disk, session) = await LostAsync();
        foreach (var name in disk.Files.Keys.Where(name => name.Value.StartsWith("journal/", StringComparison.Ordinal)).ToList())
        {
            var text = Encoding.UTF8.GetString(disk.Bytes(name)!);
            text.ShouldContain("\"crc\"");
            disk.Put(name, Encoding.UTF8.GetBytes(Checksum().Replace(text, "")));
        }

        disk.Put(Segment(session, 5), new byte[disk.Bytes(Segment(session, 5))!.Length]);
        disk.Put(Segment(session, 6), disk.Bytes(Segment(session, 6))![..50]);
        using var bench = await new PackagerHarness(disk).StartAsync();
        bench.Timeline(session).Find("source")!.Segments.Where(segment => segment.IsGap).Select(segment => segment.Number).ShouldBe([6]);
    }

    [Fact]
    public async Task Damaged_segment_of_a_superseded_recording_becomes_a_gap_in_its_journal()
    {
        var (disk, session) = await LostAsync(isRecorded: true);
        using (var other = await new PackagerHarness(disk).StartAsync())
        {
            // A newer session, packaged on the same disk before the failure.
            disk.Uploads = true;
            await other.PublishAsync(Session(at: Noon.AddHours(1)), Interleave(VideoFrames(5, 60), Frames(5)));
        }

        var damaged = Segment(session, 5);
        disk.Store.Objects.Remove(damaged);
        var image = disk.AfterKill();
        image.Put(damaged, [1, 2, 3]);
        using var bench = await new PackagerHarness(image).StartAsync();
        await Poll.UntilAsync(() => bench.Log.Count(3006) == 1);

        var newest = image.Store.Objects.Keys.Where(name => name.Value.StartsWith(ObjectNames.Of(session).JournalFolder,
            StringComparison.Ordinal)).MaxBy(name => name.Value, StringComparer.Ordinal);
        var timeline = JournalFile.Read(image.Bytes(newest)).ShouldNotBeNull().BuildTimeline();
        timeline.IsEnded.ShouldBeTrue();
        timeline.Find("source")!.Find(5)!.IsGap.ShouldBeTrue();
        image.Sealed.ShouldNotContain(damaged);
    }

    /// <summary>Damages a file: <c>truncated</c>, <c>zeros</c> in its place, or <c>missing</c>.</summary>
    private static void Damage(FakeSpool disk, ObjectName name, string how)
    {
        var bytes = disk.Bytes(name).ShouldNotBeNull();
        disk.Store.Objects.Remove(name);
        switch (how)
        {
            case "truncated": disk.Put(name, bytes[..(bytes.Length / 2)]); break;
            case "zeros": disk.Put(name, new byte[bytes.Length]); break;
            default: disk.Lose(name); break;
        }
    }

    [Theory]
    [InlineData("truncated")]
    [InlineData("zeros")]
    [InlineData("missing")]
    public async Task Segments_of_a_damaged_init_segment_become_gaps_and_the_encoder_gets_a_new_one(string how)
    {
        var (disk, session) = await LostAsync();
        var init = ObjectNames.Of(session).Init("source", 1);
        Damage(disk, init, how);
        disk.Uploads = true;
        using var bench = await new PackagerHarness(disk).StartAsync();
        bench.Timeline(session).Find("source")!.Segments.ShouldAllBe(segment => segment.IsGap);
        bench.Timeline(session).Find("audio")!.Segments.ShouldAllBe(segment => !segment.IsGap);
        disk.Sealed.ShouldNotContain(init);
        disk.Sealed.ShouldNotContain(name => name.Value.Contains("/source/", StringComparison.Ordinal));
        bench.Log.Count(3028).ShouldBe(1);

        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60, from: 20), Frames(5, from: 20)));
        var source = bench.Timeline(session).Find("source")!;
        source.Segments.Where(segment => !segment.IsGap).ShouldAllBe(segment => segment.Init == 2, "names are never reused");
        source.Segments.Select(segment => segment.Number).ShouldBe(Enumerable.Range(1, 10).Select(number => (long)number));
        disk.Store.Objects.ShouldContainKey(ObjectNames.Of(session).Init("source", 2));
    }

    [Fact]
    public async Task Gaps_of_a_damaged_init_segment_name_an_intact_one()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        await bench.PublishAsync(session, [.. VideoFrames(4, 60)], Source);
        bench.Spool.Uploads = false;
        var publishing = bench.Begin(session, Source);
        publishing.Send(VideoFrames(5, 60, from: 6, track: OtherVideo));
        var disk = bench.Spool.AfterKill();
        Damage(disk, ObjectNames.Of(session).Init("source", 2), "zeros");
        using var after = await new PackagerHarness(disk).StartAsync();
        var source = after.Timeline(session).Find("source")!;
        source.Segments.Where(segment => !segment.IsGap).Select(segment => segment.Number).ShouldBe([1, 2]);
        source.Segments.Count(segment => segment.IsGap).ShouldBeGreaterThan(1);
        source.Segments.ShouldAllBe(segment => segment.Init == 1);
    }

    [Theory]
    [InlineData("truncated")]
    [InlineData("zeros")]
    public async Task Damaged_images_are_removed_from_the_timeline_and_not_uploaded(string how)
    {
        var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        var publishing = bench.Begin(session);
        publishing.Send(Interleave(VideoFrames(6, 60), Frames(6)));
        bench.Spool.Uploads = false;
        byte[] jpeg = [0xff, 0xd8, .. Enumerable.Repeat((byte)7, 9000), 0xff, 0xd9];
        bench.Stage.Offer(session.Channel, session.Id, new SessionImage.SpriteSheet(new(0, 1000), new(2000, 1000), new(1, 1, 320, 180),
            jpeg));
        bench.Stage.Offer(session.Channel, session.Id, new SessionImage.SpriteSheet(new(2000, 1000), new(2000, 1000), new(1, 1, 320, 180),
            jpeg));
        bench.Stage.Offer(session.Channel, session.Id, new SessionImage.Poster(new(4000, 1000), 1280, 720, jpeg));
        publishing.Send(Interleave(VideoFrames(4, 60, from: 6), Frames(4, from: 6)));
        bench.Timeline(session).SpriteSheets.Count.ShouldBe(2);
        var poster = bench.Timeline(session).Poster.ShouldNotBeNull();
        var disk = bench.Spool.AfterKill();
        var sheet = bench.Timeline(session).SpriteSheets[1].Object;
        Damage(disk, sheet, how);
        Damage(disk, poster.Object, how);
        disk.Uploads = true;
        using var after = await new PackagerHarness(disk).StartAsync();
        after.Timeline(session).SpriteSheets.ShouldHaveSingleItem().Object.ShouldNotBe(sheet);
        after.Timeline(session).Poster.ShouldBeNull();
        after.Timeline(session).Renditions.ShouldAllBe(rendition => rendition.Segments.All(segment => !segment.IsGap));
        disk.Sealed.ShouldNotContain(sheet);
        disk.Sealed.ShouldNotContain(poster.Object);
    }

    [Theory]
    [InlineData(true, "truncated")]
    [InlineData(true, "zeros")]
    [InlineData(true, "missing")]
    [InlineData(false, "truncated")]
    [InlineData(false, "zeros")]
    [InlineData(false, "missing")]
    public async Task Damaged_index_block_is_not_listed_and_the_session_goes_on(bool isRecorded, string how)
    {
        var bench = await new PackagerHarness(options: new PackagerOptions { IndexBlockDuration = TimeSpan.FromSeconds(10) }).StartAsync();
        var session = Session() with { IsRecorded = isRecorded, DvrWindow = TimeSpan.FromHours(1) };
        var publishing = bench.Begin(session, Source);
        publishing.Send(VideoFrames(150, 60));
        var before = bench.Timeline(session);
        before.RetainedIndexBlocks.Count.ShouldBeGreaterThan(4);
        var lost = before.RetainedIndexBlocks[^1];
        var disk = bench.Spool.AfterKill();
        Damage(disk, lost.Object, how);
        using var after = await new PackagerHarness(disk).StartAsync();
        var timeline = after.Timeline(session);
        timeline.RetainedIndexBlocks.ShouldNotContain(block => block.Object == lost.Object);
        timeline.RetainedIndexBlocks.Count.ShouldBe(isRecorded ? before.RetainedIndexBlocks.Count - 1 : 0);
        timeline.FirstSegment.ShouldBe(before.FirstSegment);
        timeline.Find("source")!.Segments.ShouldAllBe(segment => !segment.IsGap);
        disk.Sealed.ShouldNotContain(lost.Object);

        await after.PublishAsync(session, [.. VideoFrames(60, 60, from: 160)], Source);
        after.Timeline(session).LastSegment.ShouldBeGreaterThan(before.LastSegment + 20);
        using var again = await new PackagerHarness(disk.AfterKill()).StartAsync();
        again.Timeline(session).RetainedIndexBlocks.Select(block => block.Object)
            .ShouldBe(after.Timeline(session).RetainedIndexBlocks.Select(block => block.Object));
    }

    [GeneratedRegex(",\"crc\":[0-9]+")]
    private static partial Regex Checksum();
}
