using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Testing;
using static Broadcast.Packager.Tests.Encoder;

namespace Broadcast.Packager.Tests;

/// <summary>Sessions of lost servers that this server continues from its copy.</summary>
public class SessionTakeoverTests
{
    private static readonly BroadcastSession Lost = Session();
    private static readonly BroadcastSession Taken = Lost with { Epoch = 2 };

    [Fact]
    public async Task Session_continues_with_the_next_segment_in_the_next_epoch()
    {
        using var owner = await PublishedAsync();
        var before = owner.Timeline(Lost);
        var last = before.LastSegment;
        using var bench = await new PackagerHarness().StartAsync();

        await bench.Stage.TakeOverAsync(Taken, Copy(owner), CancellationToken.None);

        var timeline = bench.Timeline(Lost);
        (timeline.Session.Epoch, timeline.IsEnded, timeline.LastSegment).ShouldBe((2, false, last));
        var events = bench.Sink.Events.Count();
        await bench.PublishAsync(Taken, [.. VideoFrames(6, 60, from: 30)], Source);
        var numbers = bench.Sink.Events.Skip(events).OfType<TimelineEvent.SegmentClosed>().Select(segment => segment.Segment).ToList();
        numbers.ShouldBe([.. Enumerable.Range((int)last + 1, 3)]);
        var rendition = timeline.Renditions.Single();
        rendition.Segments.Zip(rendition.Segments.Skip(1))
            .ShouldAllBe(pair => pair.First.Number < pair.Second.Number && pair.First.Start < pair.Second.Start);
    }

    [Fact]
    public async Task Files_of_the_copy_are_written_and_others_are_left_to_the_store()
    {
        using var owner = await PublishedAsync();
        var segments = owner.Timeline(Lost).Renditions.Single().Segments;
        var missing = segments[1].Object;
        using var bench = await new PackagerHarness().StartAsync();
        bench.Spool.Uploads = false;

        await bench.Stage.TakeOverAsync(Taken, Copy(owner, name => name != missing), CancellationToken.None);

        var timeline = bench.Timeline(Lost);
        foreach (var segment in timeline.Renditions.Single().Segments)
        {
            var bytes = bench.Spool.Files.GetValueOrDefault(segment.Object);
            if (segment.Object == missing)
            {
                bytes.ShouldBeNull();
                segment.IsGap.ShouldBeFalse("the store may have it");
                continue;
            }

            bytes.ShouldNotBeNull().ShouldBe(owner.Spool.Bytes(segment.Object)![..(int)segment.Length]);
            bench.Spool.Sealed.ShouldContain(segment.Object);
        }

        var init = timeline.Renditions.Single().Inits.Single();
        bench.Spool.Files[init.Object].ShouldBe(owner.Spool.Bytes(init.Object));
    }

    [Fact]
    public async Task Open_segment_ends_after_its_last_announced_part()
    {
        using var owner = await PublishedAsync(seconds: 9);
        var part = owner.Sink.Events.OfType<TimelineEvent.PartReady>().Last();
        part.Segment.ShouldBeGreaterThan(owner.Sink.Events.OfType<TimelineEvent.SegmentClosed>().Last().Segment);
        using var bench = await new PackagerHarness().StartAsync();

        await bench.Stage.TakeOverAsync(Taken, Copy(owner), CancellationToken.None);

        var segment = bench.Timeline(Lost).Renditions.Single().Segments[^1];
        (segment.Number, segment.Length).ShouldBe((part.Segment, part.Offset + part.Length));
        bench.Spool.Bytes(segment.Object)!.Length.ShouldBe((int)segment.Length);
    }

    [Fact]
    public async Task Journal_of_the_new_epoch_begins_with_the_whole_state()
    {
        using var owner = await PublishedAsync();
        using var bench = await new PackagerHarness().StartAsync();
        await bench.Stage.TakeOverAsync(Taken, Copy(owner), CancellationToken.None);
        await bench.PublishAsync(Taken, [.. VideoFrames(6, 60, from: 30)], Source);

        var journals = bench.Spool.Files.Keys.Concat(bench.Spool.Store.Objects.Keys)
            .Where(name => name.Value.StartsWith(ObjectNames.Of(Lost).JournalFolder, StringComparison.Ordinal)).Distinct().ToList();

        journals.ShouldHaveSingleItem().ShouldBe(ObjectNames.Of(Lost).Journal(2, 1));
        var journal = JournalFile.Read(bench.Spool.Bytes(journals[0])!)!.BuildTimeline();
        (journal.Session.Epoch, journal.LastSegment, journal.FirstSegment)
            .ShouldBe((2, bench.Timeline(Lost).LastSegment, bench.Timeline(Lost).FirstSegment));

        using var next = await new PackagerHarness(bench.Spool.AfterKill()).StartAsync();
        next.Timeline(Lost).LastSegment.ShouldBe(bench.Timeline(Lost).LastSegment);
        next.Timeline(Lost).Session.Epoch.ShouldBe(3);
    }

    [Fact]
    public async Task Released_session_leaves_no_open_file_that_would_hide_the_object_of_its_new_owner()
    {
        using var bench = await new PackagerHarness().StartAsync();
        bench.Begin(Lost, Source).Send([.. VideoFrames(5, 60)]);
        await Poll.UntilAsync(() => bench.Spool.Files.Keys.Any(IsMedia));
        await bench.Stage.ReleaseAsync(Lost.Channel, Lost.Id, CancellationToken.None);

        bench.Spool.Files.Keys.Where(IsMedia).ShouldBeEmpty();
    }

    [Fact]
    public async Task File_that_an_earlier_process_left_open_does_not_hide_the_object_of_the_owner()
    {
        using var killed = await new PackagerHarness().StartAsync();
        killed.Begin(Lost, Source).Send([.. VideoFrames(5, 60)]);
        await Poll.UntilAsync(() => killed.Spool.Files.Keys.Any(IsMedia));
        using var bench = new PackagerHarness(killed.Spool.AfterKill());
        var open = bench.Spool.Files.Keys.Where(name => IsMedia(name) && !bench.Spool.Sealed.Contains(name)).ToList();
        open.ShouldNotBeEmpty();
        bench.Stage.CompleteRecovery();

        await bench.Stage.ReleaseAsync(Lost.Channel, Lost.Id, CancellationToken.None);

        bench.Spool.Files.Keys.Intersect(open).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Objects_that_have_left_the_window_are_deleted_after_a_handover_but_not_after_a_loss(bool isLost)
    {
        using var bench = await new PackagerHarness().StartAsync();
        await bench.PublishAsync(Lost, [.. VideoFrames(80, 60)], Source);
        bench.Timeline(Lost).FirstSegment.ShouldBeGreaterThan(1);
        bench.Spool.Deleted.Any(IsMedia).ShouldBeFalse();
        if (isLost)
        {
            await bench.Stage.ReleaseAsync(Lost.Channel, Lost.Id, CancellationToken.None);
        }
        else
        {
            using var hold = (await bench.Stage.HoldAsync(Lost.Channel, Lost.Id, CancellationToken.None)).ShouldNotBeNull();
            hold.Release();
        }

        bench.Time.Advance(TimeSpan.FromMinutes(5));

        // The new owner of a lost session may have written other objects under these names.
        bench.Spool.Deleted.Any(IsMedia).ShouldBe(!isLost);
    }

    [Fact]
    public async Task Session_without_a_copy_continues_from_its_journal_in_the_store()
    {
        using var owner = await StoredAsync();
        var store = owner.Spool.AfterKill().Store;
        using var bench = await new PackagerHarness().StartAsync();
        (await bench.Stage.IsStoredAsync(Lost.Channel, Lost.Id, CancellationToken.None)).ShouldBeFalse();
        await bench.Stage.ReleaseAsync(Lost.Channel, Lost.Id, CancellationToken.None);
        foreach (var (name, content) in store.Objects)
        {
            bench.Spool.Store.Objects[name] = content;   // uploaded after this server had started
        }

        (await bench.Stage.IsStoredAsync(Lost.Channel, Lost.Id, CancellationToken.None)).ShouldBeTrue();
        await bench.Stage.TakeOverStoredAsync(Taken, CancellationToken.None);

        var timeline = bench.Timeline(Lost);
        var (first, last) = (timeline.FirstSegment, timeline.LastSegment);
        (timeline.Session.Epoch, timeline.IsEnded, first).ShouldBe((2, false, owner.Timeline(Lost).FirstSegment));
        await bench.PublishAsync(Taken, [.. VideoFrames(6, 60, from: 30)], Source);
        bench.Timeline(Lost).LastSegment.ShouldBe(last + 3);
    }

    [Fact]
    public async Task Session_without_a_copy_ends_where_its_stored_media_end()
    {
        using var owner = await StoredAsync();
        using var bench = await new PackagerHarness().StartAsync();
        foreach (var (name, content) in owner.Spool.AfterKill().Store.Objects)
        {
            bench.Spool.Store.Objects[name] = content;
        }

        await bench.Stage.TakeOverStoredAsync(Taken, CancellationToken.None);
        await bench.Stage.EndAsync(Lost.Channel, Lost.Id, "its server did not return", CancellationToken.None);

        bench.Timeline(Lost).IsEnded.ShouldBeTrue();
        var newest = bench.Spool.Store.Objects.Keys.Where(name => name.Value.StartsWith(ObjectNames.Of(Lost).JournalFolder,
            StringComparison.Ordinal)).Select(name => JournalFile.Read(bench.Spool.Bytes(name)!)!).OrderBy(file => file.Epoch).Last();
        newest.End.ShouldBe(JournalEnd.Ended);
        var stored = newest.BuildTimeline();
        (stored.IsEnded, stored.LastSegment).ShouldBe((true, bench.Timeline(Lost).LastSegment));
        foreach (var segment in stored.Renditions.Single().Segments.Where(segment => !segment.IsGap))
        {
            bench.Spool.Store.Objects.ContainsKey(segment.Object).ShouldBeTrue(segment.Object.Value);
        }
    }

    [Fact]
    public async Task Store_that_fails_is_reported_and_a_missing_session_is_not_taken_over()
    {
        using var bench = await new PackagerHarness().StartAsync();
        await bench.Stage.TakeOverStoredAsync(Taken, CancellationToken.None);
        bench.Sink.Timelines.ShouldBeEmpty();
        bench.Spool.Store.Unreachable = true;
        await Should.ThrowAsync<IOException>(async () => await bench.Stage.IsStoredAsync(Lost.Channel, Lost.Id, CancellationToken.None));
        await Should.ThrowAsync<IOException>(async () => await bench.Stage.TakeOverStoredAsync(Taken, CancellationToken.None));
    }

    [Fact]
    public async Task Session_that_is_taken_over_has_a_resume_point_for_the_slate()
    {
        using var owner = await PublishedAsync();
        using var bench = await new PackagerHarness().StartAsync();
        bench.Stage.FindResumePoint(Lost.Id).ShouldBeNull();
        await bench.Stage.TakeOverAsync(Taken, Copy(owner), CancellationToken.None);

        var point = bench.Stage.FindResumePoint(Lost.Id).ShouldNotBeNull();
        var last = owner.Timeline(Lost).Find("source")!.Segments[^1];
        point.End.ShouldBe(last.End);
        point.Tracks.ShouldHaveSingleItem().Config.CodecString.ShouldBe(owner.Timeline(Lost).Find("source")!.NewestInit!.Format.Codecs);
    }

    [Fact]
    public async Task Copy_without_any_media_continues_the_numbers()
    {
        using var owner = await PublishedAsync();
        var last = owner.Timeline(Lost).LastSegment;
        using var bench = await new PackagerHarness().StartAsync();

        await bench.Stage.TakeOverAsync(Taken, Copy(owner, _ => false), CancellationToken.None);
        await bench.PublishAsync(Taken, [.. VideoFrames(6, 60, from: 30)], Source);

        bench.Timeline(Lost).LastSegment.ShouldBe(last + 3);
    }

    [Fact]
    public async Task Session_that_was_released_to_another_server_is_taken_over_again()
    {
        using var owner = await PublishedAsync();
        using var bench = await new PackagerHarness().StartAsync();
        await bench.Stage.TakeOverAsync(Taken, Copy(owner), CancellationToken.None);
        var third = bench.Sink.Timelines[Lost.Id].Checkpoint();
        var files = bench.Spool.Files;
        await bench.Stage.ReleaseAsync(Lost.Channel, Lost.Id, CancellationToken.None);
        bench.Sink.Timelines.ShouldBeEmpty();

        await bench.Stage.TakeOverAsync(Lost with { Epoch = 4 }, new SessionCopy(third, (name, length) =>
            (files.GetValueOrDefault(name) ?? owner.Spool.Bytes(name)) is { } bytes ? [bytes.AsMemory(0, (int)length)] : null),
            CancellationToken.None);

        bench.Timeline(Lost).Session.Epoch.ShouldBe(4);
        await bench.PublishAsync(Lost with { Epoch = 4 }, [.. VideoFrames(6, 60, from: 30)], Source);
        var segment = bench.Timeline(Lost).Renditions.Single().Segments[0];
        bench.Spool.Bytes(segment.Object).ShouldBe(owner.Spool.Bytes(segment.Object)![..(int)segment.Length]);
    }

    [Theory]
    [InlineData("uploaded", true)]
    [InlineData("waiting for their upload", false)]
    public async Task Session_that_comes_back_keeps_its_files_that_are(string state, bool isUploaded)
    {
        using var bench = await new PackagerHarness().StartAsync();
        bench.Spool.Uploads = isUploaded;
        await bench.PublishAsync(Lost, [.. VideoFrames(8, 60)], Source);
        var (last, copy) = (bench.Timeline(Lost).LastSegment, Copy(bench));
        (await bench.Stage.HoldAsync(Lost.Channel, Lost.Id, CancellationToken.None)).ShouldNotBeNull().Release();
        var written = bench.Spool.Sealed.Where(name => name.Value.StartsWith("live/", StringComparison.Ordinal)).ToList();

        await bench.Stage.TakeOverAsync(Taken, copy, CancellationToken.None);

        bench.Timeline(Lost).LastSegment.ShouldBe(last, state);
        bench.Spool.Sealed.Where(name => name.Value.StartsWith("live/", StringComparison.Ordinal)).ShouldBe(written, "no file is written again");
    }

    [Fact]
    public async Task Held_session_does_not_change_until_it_continues()
    {
        using var bench = await new PackagerHarness().StartAsync();
        await bench.PublishAsync(Lost, [.. VideoFrames(8, 60)], Source);
        var events = bench.Sink.Events.Count();

        using (await bench.Stage.HoldAsync(Lost.Channel, Lost.Id, CancellationToken.None))
        {
            bench.Stage.Offer(Lost.Channel, Lost.Id, new SessionImage.Poster(MediaTime.Zero(1000), 32, 18, new byte[] { 1, 2, 3 }));
            var publishing = bench.PublishAsync(Lost, [.. VideoFrames(2, 60, from: 8)], Source);
            await Task.WhenAny(publishing, Task.Delay(50));
            bench.Sink.Events.Count().ShouldBe(events);
        }

        await Poll.UntilAsync(() => bench.Sink.Events.OfType<TimelineEvent.PosterReady>().Any()
            && bench.Timeline(Lost).LastSegment > 4);
    }

    [Fact]
    public async Task Held_session_that_is_released_is_left_as_it_is()
    {
        using var bench = await new PackagerHarness().StartAsync();
        await bench.PublishAsync(Lost, [.. VideoFrames(8, 60)], Source);
        var (hold, events) = (await bench.Stage.HoldAsync(Lost.Channel, Lost.Id, CancellationToken.None), bench.Sink.Events.Count());

        hold.ShouldNotBeNull().Release();
        hold.Dispose();

        bench.Stage.IsReleased(Lost.Id).ShouldBeTrue();
        bench.Stage.IsElsewhere(Lost.Channel).ShouldBeTrue();
        bench.Sink.Events.Count().ShouldBe(events, "neither an end nor anything else is announced");
        (await bench.Stage.HoldAsync(Lost.Channel, Lost.Id, CancellationToken.None)).ShouldBeNull();
        bench.Spool.Deleted.ShouldBeEmpty();
    }

    [Fact]
    public async Task Released_session_that_comes_back_without_a_usable_copy_continues_from_its_journal()
    {
        using var bench = await new PackagerHarness().StartAsync();
        await bench.PublishAsync(Lost, [.. VideoFrames(8, 60)], Source);
        var last = bench.Timeline(Lost).LastSegment;
        await bench.Stage.ReleaseAsync(Lost.Channel, Lost.Id, CancellationToken.None);

        await bench.Stage.ResumeAsync(Lost.Channel, Lost.Id, CancellationToken.None);

        var timeline = bench.Timeline(Lost);
        (timeline.FirstSegment, timeline.IsEnded).ShouldBe((1, false));
        timeline.LastSegment.ShouldBeGreaterThanOrEqualTo(last);
    }

    [Fact]
    public async Task Newer_session_that_lost_the_channel_is_no_longer_served()
    {
        using var owner = await PublishedAsync();
        using var bench = await new PackagerHarness().StartAsync();
        var newer = Session(at: Noon.AddHours(1));
        await bench.PublishAsync(newer, [.. VideoFrames(5, 60)], Source);

        await bench.Stage.TakeOverAsync(Taken, Copy(owner), CancellationToken.None);

        bench.Sink.Timelines.Keys.ShouldBe([Lost.Id]);
    }

    [Fact]
    public async Task Disk_that_fails_leaves_the_session_unknown()
    {
        using var owner = await PublishedAsync();
        using var bench = await new PackagerHarness().StartAsync();
        bench.Spool.Refuses = name => name.Value.Contains(Lost.Id.Value);

        await Should.ThrowAsync<IOException>(async () => await bench.Stage.TakeOverAsync(Taken, Copy(owner), CancellationToken.None));

        bench.Sink.Timelines.ShouldBeEmpty();
        bench.Spool.Refuses = _ => false;
        await bench.Stage.TakeOverAsync(Taken, Copy(owner), CancellationToken.None);
        bench.Timeline(Lost).Session.Epoch.ShouldBe(2);
    }

    [Fact]
    public async Task Disk_that_becomes_full_leaves_no_part_of_a_file()
    {
        using var owner = await PublishedAsync();
        using var bench = await new PackagerHarness().StartAsync();
        var files = owner.Timeline(Lost).Renditions.Single().Segments.Select(segment => segment.Object).ToList();
        bench.Spool.Uploads = false;
        bench.Spool.RefusesAppends = name => name == files[1];

        await Should.ThrowAsync<IOException>(async () => await bench.Stage.TakeOverAsync(Taken, Copy(owner), CancellationToken.None));

        // A file that is shorter than announced would count as damaged, although the object store may have the whole object.
        bench.Spool.List(ObjectNames.Of(Lost).MediaFolder).Select(found => found.Name).ShouldNotContain(files[1]);
        bench.Spool.Sealed.ShouldContain(files[0]);
    }

    [Fact]
    public async Task Copy_that_contradicts_itself_is_refused()
    {
        using var owner = await PublishedAsync();
        using var bench = await new PackagerHarness().StartAsync();
        var copy = Copy(owner);
        var events = copy.Checkpoint.Where(@event => @event is not TimelineEvent.RenditionAdded).ToList();

        await Should.ThrowAsync<InvalidDataException>(async () =>
            await bench.Stage.TakeOverAsync(Taken, copy with { Checkpoint = events }, CancellationToken.None));
    }

    [Theory]
    [InlineData(true, SessionOwnership.Open, true)]
    [InlineData(false, SessionOwnership.Open, false)]
    [InlineData(true, SessionOwnership.Elsewhere, false)]
    public async Task Media_that_the_lost_server_uploaded_while_it_was_cut_off_are_replaced(bool isTakenOver, SessionOwnership ownership,
        bool isReplaced)
    {
        using var owner = await PublishedAsync();
        var owners = new Owners { [Lost.Id] = ownership };
        using var bench = await new PackagerHarness(new FakeSpool { HasOtherWriters = true }, ownership: owners).StartAsync();
        if (isTakenOver)
        {
            await bench.Stage.TakeOverAsync(Taken, Copy(owner), CancellationToken.None);
        }

        var number = isTakenOver ? owner.Timeline(Lost).LastSegment + 1 : 2;
        var taken = ObjectName.Parse($"live/main/{Lost.Id}/source/{number}.m4s");
        bench.Spool.Store.Objects[taken] = [1, 2, 3];
        var publishing = bench.Begin(Taken, Source);
        publishing.Send(VideoFrames(15, 60, from: 30));
        await Poll.UntilAsync(() => owners.Asked(Lost.Id) > 0);
        if (isReplaced)
        {
            await Poll.UntilAsync(() => !bench.Spool.Files.ContainsKey(taken));
        }

        await publishing.EndAsync();

        bench.Spool.Store.Objects[taken].SequenceEqual(new byte[] { 1, 2, 3 }).ShouldBe(!isReplaced);
        bench.Log.Count(3036).ShouldBe(isReplaced ? 1 : 0);
        await Poll.UntilAsync(() => bench.Sink.Released.Contains(Lost.Id) == (ownership == SessionOwnership.Elsewhere));
    }

    private static async Task<PackagerHarness> PublishedAsync(double seconds = 8)
    {
        var owner = await new PackagerHarness().StartAsync();
        owner.Begin(Lost, Source).Send(VideoFrames(seconds, 60));
        await Poll.UntilAsync(() => owner.Sink.Events.OfType<TimelineEvent.PartReady>().Any(part => part.Segment >= 4));
        return owner;
    }

    /// <summary>An owner whose first journal file is in the store, and the second one is not.</summary>
    private static async Task<PackagerHarness> StoredAsync()
    {
        var owner = await PublishedAsync(seconds: 15);
        await Poll.UntilAsync(() => owner.Spool.Store.Objects.Keys.Any(name =>
            name.Value.StartsWith(ObjectNames.Of(Lost).JournalFolder, StringComparison.Ordinal)));
        return owner;
    }

    private static SessionCopy Copy(PackagerHarness owner, Func<ObjectName, bool>? has = null) =>
        new(owner.Timeline(Lost).Checkpoint(), (name, length) => has?.Invoke(name) != false
            && owner.Spool.Bytes(name) is { } bytes && bytes.Length >= length
                ? [bytes.AsMemory(0, (int)length / 2), bytes.AsMemory((int)length / 2, (int)length - ((int)length / 2))] : null);

    private static bool IsMedia(ObjectName name) => name.Value.StartsWith("live/", StringComparison.Ordinal);
}
