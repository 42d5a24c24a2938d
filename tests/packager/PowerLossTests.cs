using System.Text;
using System.Text.RegularExpressions;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;
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

    [GeneratedRegex(",\"crc\":[0-9]+")]
    private static partial Regex Checksum();
}
