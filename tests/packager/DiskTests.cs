using Broadcast.Testing;
using static Broadcast.Packager.Tests.Encoder;

namespace Broadcast.Packager.Tests;

public class DiskTests
{
    [Fact]
    public async Task Rendition_that_fails_to_write_a_file_loses_only_that_segment()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        bench.Spool.Refuses = name => name.Value.EndsWith("source/2.m4s", StringComparison.Ordinal);
        await bench.PublishAsync(session, Interleave(VideoFrames(8, 60), Frames(8)));

        var timeline = bench.Timeline(session);
        timeline.Find("source")!.Segments.Select(s => s.IsGap).ShouldBe([false, true, false, false]);
        timeline.Find("audio")!.Segments.ShouldAllBe(s => !s.IsGap);
        bench.Log.Count(3010).ShouldBe(1);
        bench.Log.Count(3011).ShouldBe(1);
    }

    [Fact]
    public async Task Disk_that_fills_up_within_a_segment_leaves_a_shorter_segment()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        bench.Spool.Refuses = name => name.Value.EndsWith("source/2.m4s", StringComparison.Ordinal)
            && bench.Timeline(session).Find("source")!.Segments is [_, { Parts.Count: 2 }];
        var publishing = bench.Begin(session, Source);
        foreach (var sample in VideoFrames(8, 60))
        {
            publishing.Send([sample]);
        }

        await publishing.EndAsync();
        bench.Timeline(session).Find("source")!.Segments.Select(s => s.Parts.Count).ShouldBe([4, 2, 4, 4]);
    }

    [Fact]
    public async Task Full_disk_loses_media_but_no_numbers_does_not_affect_other_sessions_and_recovers()
    {
        using var bench =
            await new PackagerHarness(options: new PackagerOptions { RetryInterval = TimeSpan.FromMilliseconds(200) }).StartAsync();
        var (session, other) = (Session(), Session("other"));
        var publishing = bench.Begin(session, Source);
        var full = false;
        bench.Spool.Refuses = name => full && name.Value.Contains("/main/", StringComparison.Ordinal);
        var count = 0;
        foreach (var sample in VideoFrames(40, 60))
        {
            full = sample.Sample.Decode.TotalSeconds is > 10.2 and < 25;
            publishing.Send([sample]);
            bench.Time.Advance(TimeSpan.FromMilliseconds(33));
            count++;
            if (count == 450)
            {
                await bench.PublishAsync(other, [.. VideoFrames(6, 60)], Source);
            }
        }

        await publishing.EndAsync();
        var source = bench.Timeline(session).Find("source")!;
        source.Segments.Select(s => s.Number).ShouldBe(Enumerable.Range(1, source.Segments.Count).Select(n => (long)n),
            "no number is missing");
        source.Segments.Sum(s => s.IsGap ? 0 : s.Duration.TotalSeconds).ShouldBeInRange(23, 26);
        source.Segments.Select(s => s.Start.TotalSeconds).ShouldBeInOrder();
        bench.Timeline(other).LastSegment.ShouldBe(3);
        bench.Log.Count(3010).ShouldBe(1);
        bench.Log.Count(3011).ShouldBe(1);
        foreach (var segment in source.Segments.Where(s => !s.IsGap))
        {
            bench.Spool.Bytes(segment.Object)!.Length.ShouldBe((int)segment.Length);
        }
    }

    [Fact]
    public async Task Unannounced_events_are_announced_once_the_disk_has_space_again()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        var publishing = bench.Begin(session, Source);
        publishing.Send(VideoFrames(3, 60));
        bench.Spool.Refuses = name => name.Value.StartsWith("journal/", StringComparison.Ordinal);
        publishing.Send(VideoFrames(2, 60, from: 3));
        await publishing.EndAsync();
        await bench.Stage.EndAsync(session.Channel, session.Id, "over", CancellationToken.None);
        bench.Timeline(session).IsEnded.ShouldBeFalse("nothing is announced that the journal has not");

        bench.Spool.Refuses = _ => false;
        await Poll.UntilAsync(() =>
        {
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            return bench.Timeline(session).IsEnded;
        });
    }

    [Fact]
    public async Task Session_on_a_full_disk_starts_once_writes_succeed()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        var publishing = bench.Begin(session, Source);
        var full = true;
        bench.Spool.Refuses = _ => full;
        foreach (var sample in VideoFrames(20, 60))
        {
            full = sample.Sample.Decode.TotalSeconds < 7;
            publishing.Send([sample]);
            bench.Time.Advance(TimeSpan.FromMilliseconds(33));
        }

        await publishing.EndAsync();
        bench.Timeline(session).Find("source")!.Segments[0]
            .ShouldSatisfyAllConditions(s => s.IsGap.ShouldBeFalse(), s => s.Start.TotalSeconds.ShouldBeInRange(8, 10));
    }
}
