using System.Text;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Testing;
using static Broadcast.Packager.Tests.Encoder;

namespace Broadcast.Packager.Tests;

/// <summary>Long sessions, whose journals refer to a list of their index blocks.</summary>
public class IndexBlockListTests
{
    private const int MaxIndexBlocks = 32;

    /// <summary>Index blocks of one segment, joined to blocks of ten.</summary>
    private static readonly PackagerOptions Short = new() { IndexBlockDuration = TimeSpan.FromSeconds(1) };

    private static BroadcastSession Long(bool isRecorded, double window) =>
        Session() with { DvrWindow = TimeSpan.FromSeconds(window), IsRecorded = isRecorded };

    private static List<RenditionSample> Media(double seconds, double from = 0) =>
        Interleave(VideoFrames(seconds, 60, from), Frames(seconds, from));

    private static List<ObjectName> Names(FakeSpool spool, string start, string end) =>
    [
        .. spool.Files.Keys.Concat(spool.Store.Objects.Keys).Distinct()
            .Where(name => name.Value.StartsWith(start, StringComparison.Ordinal) && name.Value.EndsWith(end, StringComparison.Ordinal))
            .OrderBy(name => name.Value, StringComparer.Ordinal),
    ];

    private static JournalFile Newest(FakeSpool spool, BroadcastSession session) =>
        JournalFile.Read(spool.Bytes(Names(spool, ObjectNames.Of(session).JournalFolder, ".jsonl")[^1])).ShouldNotBeNull();

    private static async Task<SessionTimeline> ReplayedAsync(FakeSpool spool, BroadcastSession session) =>
        (await Newest(spool, session).WithIndexBlocksAsync((name, _) => Task.FromResult(spool.Bytes(name)))).ShouldNotBeNull()
            .BuildTimeline();

    private static string Described(SessionTimeline timeline) =>
        Encoding.UTF8.GetString(JournalFile.Lines([.. timeline.Checkpoint().Skip(1)]));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Checkpoint_does_not_grow_with_the_number_of_index_blocks(bool isRecorded)
    {
        using var bench = await new PackagerHarness(options: Short).StartAsync();
        var session = Long(isRecorded, 1500);
        var publishing = bench.Begin(session);
        var most = 0;
        for (var at = 0; at < 1600; at += 10)
        {
            publishing.Send(Media(10, from: at));
            most = Math.Max(most, Newest(bench.Spool, session).Events.OfType<TimelineEvent.IndexBlockReady>().Count());
        }

        var timeline = bench.Timeline(session);
        timeline.RetainedIndexBlocks.Count.ShouldBeGreaterThan(2 * MaxIndexBlocks);

        // A file contains the index blocks of its checkpoint, and those announced until the next file.
        most.ShouldBeInRange(MaxIndexBlocks / 2, MaxIndexBlocks + 10);
        Newest(bench.Spool, session).IndexBlockList.ShouldNotBeNull().Object.ShouldBeOneOf([.. Names(bench.Spool, "live/", ".chapters")]);
        Described(await ReplayedAsync(bench.Spool, session)).ShouldBe(Described(timeline));
        Names(bench.Spool, "live/", ".chapters").Count.ShouldBeLessThanOrEqualTo(2, "lists without a journal file are deleted");

        await publishing.EndAsync();
        await bench.Stage.EndAsync(session.Channel, session.Id, "over", CancellationToken.None);
        Described(await ReplayedAsync(bench.Spool, session)).ShouldBe(Described(bench.Timeline(session)));
        await bench.Stage.ForgetAsync(session.Channel, session.Id, CancellationToken.None);
        Names(bench.Spool, "", "").ShouldBeEmpty();
    }

    [Fact]
    public async Task DVR_window_deletes_exactly_what_left_it_even_if_listed()
    {
        using var bench = await new PackagerHarness(options: Short).StartAsync();
        var session = Long(isRecorded: false, 900);
        await bench.PublishAsync(session, Media(1500));
        bench.Time.Advance(TimeSpan.FromHours(2));

        using var again = await new PackagerHarness(bench.Spool.AfterKill(), new ManualTimeProvider(Noon.AddHours(3)), Short).StartAsync();
        again.Time.Advance(TimeSpan.FromHours(3));
        foreach (var one in (PackagerHarness[])[bench, again])
        {
            var timeline = one.Timeline(session);
            Newest(one.Spool, session).IndexBlockList.ShouldNotBeNull();
            var oldest = timeline.OldestSegment;
            oldest.ShouldBeInRange(200, 310);
            await Poll.UntilAsync(() =>
                Names(one.Spool, $"live/main/{session.Id}/source/", ".m4s").Count == timeline.LastSegment - oldest + 1);
            Names(one.Spool, $"live/main/{session.Id}/source/", ".m4s").Select(name => ObjectNames.TryParse(name, out var parsed)
                ? parsed.Number : 0).Min().ShouldBe(oldest);
            Names(one.Spool, $"live/main/{session.Id}/chapters/", ".chapter")
                .ShouldBe(timeline.RetainedIndexBlocks.Select(block => block.Object).OrderBy(name => name.Value, StringComparer.Ordinal));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Kill_at_any_write_around_a_list_loses_nothing(bool isRecorded)
    {
        var spool = new FakeSpool();
        using var killed = await new PackagerHarness(spool, options: Short).StartAsync();
        var session = Long(isRecorded, 3000);
        var kills = new List<(FakeSpool Disk, long Last, string At)>();
        var following = 0;
        spool.Refuses = name =>
        {
            following = name.Value.EndsWith(".chapters", StringComparison.Ordinal) ? 6 : following - 1;
            if (following > 0)
            {
                kills.Add((spool.AfterKill(), killed.Stage.Current[0].LastSegment, name.Value));
            }

            return false;
        };
        killed.Begin(session).Send(Media(1500));
        spool.Refuses = _ => false;
        kills.Count(kill => kill.At.EndsWith(".chapters", StringComparison.Ordinal)).ShouldBeGreaterThan(2);
        kills.Count(kill => kill.At.StartsWith("journal/", StringComparison.Ordinal)).ShouldBeGreaterThan(2);

        foreach (var (disk, announced, at) in kills)
        {
            using var bench = await new PackagerHarness(disk, new ManualTimeProvider(Noon.AddSeconds(1502)), Short).StartAsync();
            bench.Timeline(session).LastSegment.ShouldBe(announced, at);
            var blocks = bench.Timeline(session).RetainedIndexBlocks;
            blocks[0].First.ShouldBe(1);
            blocks.Zip(blocks.Skip(1)).ShouldAllBe(pair => pair.First.Last + 1 == pair.Second.First);
            blocks.ShouldAllBe(block => disk.Bytes(block.Object) != null);
            await bench.PublishAsync(session, Media(200, from: 1510));
            Described(await ReplayedAsync(disk, session)).ShouldBe(Described(bench.Timeline(session)));
            bench.Time.Advance(TimeSpan.FromHours(2));
            Names(disk, "live/", ".chapters").ShouldContain(Newest(disk, session).IndexBlockList.ShouldNotBeNull().Object);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Without_the_store_a_session_is_recovered_from_the_files_that_stay_on_the_disk_at_any_age(bool isRecorded)
    {
        using var killed = await new PackagerHarness(options: Short).StartAsync();
        var session = Long(isRecorded, 3000);
        killed.Begin(session).Send(Media(1500));
        var disk = killed.Spool.AfterKill();
        foreach (var (name, bytes) in disk.Store.Objects.Where(stored => ObjectNames.TryParse(stored.Key, out var parsed)
            && parsed.Kind is ObjectKind.Init or ObjectKind.IndexBlockList).ToList())
        {
            disk.Put(name, bytes);
        }

        disk.Store.Unreachable = true;
        using var bench = await new PackagerHarness(disk, new ManualTimeProvider(Noon.AddSeconds(1502)), Short).StartAsync();

        bench.Timeline(session).LastSegment.ShouldBe(killed.Timeline(session).LastSegment);
        bench.Timeline(session).RetainedIndexBlocks.Select(block => block.Object)
            .ShouldBe(killed.Timeline(session).RetainedIndexBlocks.Select(block => block.Object));
    }

    [Fact]
    public async Task Journal_whose_list_is_lost_is_replaced_by_the_one_before_it()
    {
        var spool = new FakeSpool();
        using var killed = await new PackagerHarness(spool, options: Short).StartAsync();
        var session = Long(isRecorded: true, 3000);
        var publishing = killed.Begin(session);
        ObjectName? list = null;
        for (var at = 0; list is null && at < 1600; at += 2)
        {
            publishing.Send(Media(2, from: at));
            list = Newest(spool, session).IndexBlockList?.Object;
        }

        var disk = spool.AfterKill();
        disk.Store.Objects.Remove(list.ShouldNotBeNull()).ShouldBeTrue();
        var last = killed.Timeline(session).LastSegment;
        using var bench = await new PackagerHarness(disk, new ManualTimeProvider(Noon.AddHours(1)), Short).StartAsync();
        bench.Timeline(session).OldestSegment.ShouldBe(1);
        bench.Timeline(session).LastSegment.ShouldBeGreaterThanOrEqualTo(last, "numbers are not used twice");
    }

    [Fact]
    public async Task Disk_that_cannot_store_the_list_makes_checkpoints_longer()
    {
        var spool = new FakeSpool { Refuses = name => name.Value.EndsWith(".chapters", StringComparison.Ordinal) };
        using var bench = await new PackagerHarness(spool, options: Short).StartAsync();
        var session = Long(isRecorded: true, 1500);
        var publishing = bench.Begin(session);
        publishing.Send(Media(900));
        Newest(spool, session).IndexBlockList.ShouldBeNull();
        Described(await ReplayedAsync(spool, session)).ShouldBe(Described(bench.Timeline(session)));

        spool.Refuses = _ => false;
        publishing.Send(Media(30, from: 900));
        Newest(spool, session).IndexBlockList.ShouldNotBeNull();
        Described(await ReplayedAsync(spool, session)).ShouldBe(Described(bench.Timeline(session)));
    }
}
