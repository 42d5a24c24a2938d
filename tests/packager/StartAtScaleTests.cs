using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Packager.Recovery;
using Broadcast.Testing;
using static Broadcast.Packager.Tests.Encoder;

namespace Broadcast.Packager.Tests;

/// <summary>Starts with many channels and recordings: what the server reads, and what it waits for.</summary>
public sealed class StartAtScaleTests
{
    private static bool IsJournal(ObjectName name) => name.Value.StartsWith(ObjectNames.JournalRoot, StringComparison.Ordinal);

    /// <summary>A disk whose files are all in the store, with a session that its encoder can continue.</summary>
    private static async Task<(FakeSpool Disk, BroadcastSession Session)> IdleAsync()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        await bench.PublishAsync(session, Interleave(VideoFrames(9, 60), Frames(9)));
        bench.Spool.Files.ShouldBeEmpty();
        return (bench.Spool.AfterKill(), session);
    }

    /// <summary>A server that has started while the store has not yet listed the journals.</summary>
    private static async Task<PackagerHarness> StartWhileListingAsync(FakeSpool disk, Task listed)
    {
        disk.Store.Listing = prefix => prefix == ObjectNames.JournalRoot ? listed : Task.CompletedTask;
        var bench = new PackagerHarness(disk);
        var starting = bench.StartAsync();
        await Poll.UntilAsync(() =>
        {
            bench.Time.Advance(TimeSpan.FromMilliseconds(100));
            return starting.IsCompleted;
        });
        await starting;
        return bench;
    }

    [Fact]
    public async Task Startup_does_not_wait_for_a_long_listing_and_an_encoder_continues_its_session()
    {
        var (disk, session) = await IdleAsync();
        var listed = new TaskCompletionSource();
        using var bench = await StartWhileListingAsync(disk, listed.Task);
        bench.Sink.Timelines.ShouldBeEmpty("the store has not answered");
        bench.Log.Count(3022).ShouldBe(0, "nothing timed out");
        bench.Recovery.IsPending(session.Channel).ShouldBeTrue();
        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60, from: 20), Frames(5, from: 20)));
        var timeline = bench.Timeline(session);
        timeline.Find("source")!.Segments.Select(segment => segment.Number).ShouldBe(Enumerable.Range(1, 8).Select(n => (long)n));
        timeline.Find("source")!.Segments.ShouldAllBe(segment => !segment.IsGap);

        listed.SetResult();
        await bench.Stage.WhenRecoveredAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        bench.Recovery.IsPending(session.Channel).ShouldBeFalse();
        bench.Timeline(session).LastSegment.ShouldBe(8);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Encoder_does_not_wait_for_channels_that_viewers_request(bool viewersWantItsChannel)
    {
        const int Idle = 40;
        var encoders = Session("encoder");
        FakeSpool disk;
        using (var first = await new PackagerHarness().StartAsync())
        {
            await first.PublishAsync(encoders, [.. VideoFrames(3, 60)], Source);
            for (var number = 0; number < Idle; number++)
            {
                await first.PublishAsync(Session($"idle-{number}", at: Noon.AddHours(1)), [.. VideoFrames(3, 60)], Source);
            }

            disk = first.Spool.AfterKill();
        }

        disk.Files.ShouldBeEmpty("all channels are recovered from the store");
        var read = new TaskCompletionSource();
        disk.Reading = name => name.Value.Contains("/idle-", StringComparison.Ordinal) ? read.Task : Task.CompletedTask;
        using var bench = new PackagerHarness(disk);
        var starting = bench.StartAsync();
        await Poll.UntilAsync(() =>
        {
            bench.Time.Advance(TimeSpan.FromMilliseconds(100));
            return starting.IsCompleted;
        });
        for (var number = 0; number < Idle; number++)
        {
            bench.Recovery.IsPending(ChannelName.Parse($"idle-{number}")).ShouldBeTrue();
        }

        if (viewersWantItsChannel)
        {
            bench.Recovery.IsPending(encoders.Channel).ShouldBeTrue("it waits behind the others");
        }

        await bench.PublishAsync(encoders, [.. VideoFrames(3, 60, from: 5)], Source);
        bench.Timeline(encoders).LastSegment.ShouldBeGreaterThan(2, "the session continues");
        bench.Recovery.IsPending(ChannelName.Parse("idle-0")).ShouldBeTrue();
        read.SetResult();
        await bench.Stage.WhenRecoveredAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        bench.Sink.Timelines.Count.ShouldBe(Idle + 1);
    }

    [Fact]
    public async Task End_and_deletion_wait_until_the_session_is_known()
    {
        var (disk, session) = await IdleAsync();
        var listed = new TaskCompletionSource();
        using var bench = await StartWhileListingAsync(disk, listed.Task);
        await bench.Stage.EndAsync(session.Channel, session.Id, "over", CancellationToken.None);
        bench.Timeline(session).IsEnded.ShouldBeTrue();
        await bench.Stage.ForgetAsync(session.Channel, session.Id, CancellationToken.None);
        listed.SetResult();
        await bench.Stage.WhenRecoveredAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        bench.Sink.Timelines.ShouldBeEmpty("the deleted session is not recovered again");
        disk.Store.Objects.Keys.Where(IsJournal).ShouldBeEmpty();
    }

    [Fact]
    public async Task Journals_of_finished_recordings_are_read_once_and_not_at_each_startup()
    {
        using var folder = TempFolder.Create();
        var data = new DataFolder(folder.Path);
        const int Recordings = 5;
        FakeSpool disk;
        using (var first = await new PackagerHarness().StartAsync())
        {
            for (var hour = 0; hour < Recordings; hour++)
            {
                var session = Session(at: Noon.AddHours(hour)) with { IsRecorded = true };
                await first.PublishAsync(session, [.. VideoFrames(5, 60)], Source);
                await first.Stage.EndAsync(session.Channel, session.Id, "over", CancellationToken.None);
            }

            disk = first.Spool.AfterKill();
        }

        (await ReadsAsync(disk)).ShouldBe(Recordings);
        (await ReadsAsync(disk)).ShouldBe(1, "the newest session is still shown");

        // A file that was not uploaded yet: the session is not settled after all.
        var oldest = disk.Store.Objects.Keys.Where(IsJournal).MinBy(name => name.Value, StringComparer.Ordinal);
        disk.Put(oldest, disk.Store.Objects[oldest]);
        disk.Store.Objects.Remove(oldest);
        (await ReadsAsync(disk)).ShouldBe(2);
        disk.Store.Objects.ShouldContainKey(oldest, "it is uploaded");

        File.Delete(Path.Combine(folder.Path, SettledSessions.FileName));
        (await ReadsAsync(disk)).ShouldBe(Recordings, "without the file, everything is read");

        async Task<int> ReadsAsync(FakeSpool spool)
        {
            var before = spool.Store.Reads;
            using var bench = await new PackagerHarness(spool, data: data).StartAsync();
            await bench.Recovery.WhenRetiredAsync().WaitAsync(TimeSpan.FromSeconds(30));
            bench.Sink.Timelines.Count.ShouldBe(1);
            return spool.Store.Reads - before;
        }
    }

    [Fact]
    public void Ranges_of_a_listing_match_each_folder_once_and_are_small()
    {
        List<string> names = ["a", "ab", "a-b", "z", .. Enumerable.Range(0, 3000).Select(number => $"channel-{number}"),
            .. Enumerable.Range(0, 500).Select(number => "a" + new string('b', 1 + (number / 10)) + number)];
        names = [.. names.Distinct()];
        var ranges = JournalListing.GetRanges(names);
        foreach (var name in names)
        {
            ranges.Count(range => (name + "/").StartsWith(range, StringComparison.Ordinal)).ShouldBe(1, name);
        }

        ranges.ShouldAllBe(range => names.Count(name => (name + "/").StartsWith(range, StringComparison.Ordinal))
            <= JournalListing.ChannelsPerRange);
        ranges.Count.ShouldBeLessThan(names.Count / 4);
        JournalListing.GetRanges(["only"]).ShouldBe(["only/"]);
        JournalListing.GetRanges([]).ShouldBeEmpty();
    }

    [Fact]
    public async Task Lookup_of_a_channels_sessions_reads_no_other_channel()
    {
        using var bench = await new PackagerHarness().StartAsync();
        for (var number = 0; number < 40; number++)
        {
            await bench.PublishAsync(Session($"channel-{number}"), [.. VideoFrames(3, 60)], Source);
        }

        bench.Stage.SessionsOf(ChannelName.Parse("channel-7")).ShouldHaveSingleItem();
        await bench.PublishAsync(Session("channel-7", at: Noon.AddHours(1)), [.. VideoFrames(3, 60)], Source);
        bench.Stage.SessionsOf(ChannelName.Parse("channel-7")).Count.ShouldBe(2);
        var first = bench.Stage.SessionsOf(ChannelName.Parse("channel-7"))[0];
        await bench.Stage.EndAsync(first.Channel, first.Id, "over", CancellationToken.None);
        await bench.Stage.ForgetAsync(first.Channel, first.Id, CancellationToken.None);
        bench.Stage.SessionsOf(ChannelName.Parse("channel-7")).ShouldHaveSingleItem();
        bench.Stage.SessionsOf(ChannelName.Parse("none")).ShouldBeEmpty();
    }
}
