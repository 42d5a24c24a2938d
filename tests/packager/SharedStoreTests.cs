using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Media.Timeline;
using Broadcast.Packager.Sessions;
using Broadcast.Testing;
using static Broadcast.Packager.Tests.Encoder;

namespace Broadcast.Packager.Tests;

/// <summary>Several servers on one object store.</summary>
public class SharedStoreTests
{
    [Theory]
    [InlineData(SessionOwnership.Undecided)]
    [InlineData(SessionOwnership.Elsewhere)]
    public async Task Restarted_server_deletes_nothing_of_a_session_that_is_not_its_own(SessionOwnership ownership)
    {
        var (won, lost, disk) = await BothAdmittedAsync();
        var owners = new Owners { [won.Id] = ownership, [lost.Id] = ownership };

        using var bench = await new PackagerHarness(disk, ownership: owners).StartAsync();
        await Poll.UntilAsync(() => owners.Asked(won.Id) > 0);
        for (var hour = 0; hour < 3; hour++)
        {
            bench.Time.Advance(TimeSpan.FromHours(1));
            await Poll.UntilAsync(() => owners.Asked(lost.Id) > hour || ownership == SessionOwnership.Elsewhere);
        }

        disk.Deleted.ShouldBeEmpty();
        var journals = disk.Store.Objects.Keys.Where(name => name.Value.StartsWith(ObjectNames.Of(won).JournalFolder,
            StringComparison.Ordinal)).ToList();
        journals.ShouldNotBeEmpty();
        journals.ShouldAllBe(name => JournalFile.Read(disk.Store.Objects[name])!.BuildTimeline().IsEnded == false);
    }

    [Fact]
    public async Task Superseded_session_is_deleted_once_its_ownership_is_confirmed()
    {
        var (won, lost, disk) = await BothAdmittedAsync();
        var owners = new Owners { [won.Id] = SessionOwnership.Undecided, [lost.Id] = SessionOwnership.Undecided };
        using var bench = await new PackagerHarness(disk, ownership: owners).StartAsync();
        await Poll.UntilAsync(() => owners.Asked(won.Id) > 0);
        disk.Deleted.ShouldBeEmpty();

        owners[won.Id] = SessionOwnership.Closed;

        await Poll.UntilAsync(() =>
        {
            bench.Time.Advance(TimeSpan.FromSeconds(2));
            return disk.Deleted.Count > 0;
        });
        await bench.Recovery.WhenRetiredAsync();
        disk.Store.Objects.Keys.ShouldAllBe(name => !name.Value.Contains(won.Id.Value));
    }

    [Fact]
    public async Task Open_session_is_resumed_although_the_store_has_a_newer_one_that_lost_the_channel()
    {
        var (won, lost, disk) = await BothAdmittedAsync(isWinner: true);
        var owners = new Owners { [won.Id] = SessionOwnership.Open, [lost.Id] = SessionOwnership.Elsewhere };
        using var bench = await new PackagerHarness(disk, ownership: owners).StartAsync();

        await bench.Stage.ResumeAsync(won.Channel, won.Id, CancellationToken.None);

        bench.Sink.Timelines.Keys.ShouldBe([won.Id]);
        await bench.PublishAsync(won, [.. VideoFrames(4, 60, from: 20)], Source);
        bench.Timeline(won).FirstSegment.ShouldBe(1);
        disk.Deleted.ShouldAllBe(name => name.Value.StartsWith(ObjectNames.Of(won).JournalFolder), "its older journal files");
    }

    [Fact]
    public async Task Ended_session_is_no_longer_served_when_another_server_begins_the_next_one()
    {
        var owners = new Owners();
        using var bench = await new PackagerHarness(ownership: owners).StartAsync();
        var (old, next) = (Session(), Session(at: Noon.AddHours(1)));
        await bench.PublishAsync(old, [.. VideoFrames(5, 60)], Source);
        await bench.Stage.EndAsync(old.Channel, old.Id, "over", CancellationToken.None);
        owners[old.Id] = SessionOwnership.Closed;

        await bench.Stage.ReleaseAsync(next.Channel, next.Id, CancellationToken.None);

        bench.Stage.Current.ShouldBeEmpty();
        bench.Sink.Released.ShouldBe([old.Id]);
        bench.Spool.Deleted.ShouldBeEmpty("players may still read it");
        bench.Time.Advance(TimeSpan.FromMinutes(5));
        await Poll.UntilAsync(() => bench.Spool.Store.Objects.IsEmpty);
        bench.Sink.Forgotten.ShouldBeEmpty("the manifests of the channel are the other server's");
    }

    [Fact]
    public async Task Recorded_session_keeps_its_media_when_another_server_begins_the_next_one()
    {
        var owners = new Owners();
        using var bench = await new PackagerHarness(ownership: owners).StartAsync();
        var (old, next) = (Session() with { IsRecorded = true }, Session(at: Noon.AddHours(1)));
        await bench.PublishAsync(old, [.. VideoFrames(5, 60)], Source);
        await bench.Stage.EndAsync(old.Channel, old.Id, "over", CancellationToken.None);
        owners[old.Id] = SessionOwnership.Closed;

        await bench.Stage.ReleaseAsync(next.Channel, next.Id, CancellationToken.None);
        bench.Time.Advance(TimeSpan.FromHours(5));

        bench.Sink.Released.ShouldBe([old.Id]);
        bench.Spool.Deleted.ShouldBeEmpty();
    }

    [Fact]
    public async Task Memory_of_released_sessions_is_bounded()
    {
        using var bench = await new PackagerHarness(ownership: new Owners()).StartAsync();
        var sessions = Enumerable.Range(0, ReleasedSessions.Max + 100).Select(i => Session(at: Noon.AddMinutes(i))).ToList();
        foreach (var session in sessions)
        {
            await bench.Stage.ReleaseAsync(session.Channel, session.Id, CancellationToken.None);
        }

        sessions.Count(s => bench.Stage.IsReleased(s.Id)).ShouldBe(ReleasedSessions.Max);
        bench.Stage.IsReleased(sessions[^1].Id).ShouldBeTrue();
    }

    [Fact]
    public async Task Session_that_another_server_takes_over_is_no_longer_written()
    {
        var owners = new Owners();
        using var bench = await new PackagerHarness(ownership: owners).StartAsync();
        var session = Session();
        var publishing = bench.Begin(session, Source);
        publishing.Send(VideoFrames(5, 60));

        await bench.Stage.ReleaseAsync(session.Channel, session.Id, CancellationToken.None);
        await bench.Stage.EndAsync(session.Channel, session.Id, "another server owns it", CancellationToken.None);
        var (files, objects) = (bench.Spool.Files.Keys.ToList(), bench.Spool.Store.Objects.Keys.ToList());
        publishing.Send(VideoFrames(3, 60, from: 5));
        await publishing.EndAsync();

        bench.Sink.Released.ShouldBe([session.Id]);
        bench.Sink.Events.OfType<TimelineEvent.Ended>().ShouldBeEmpty();
        bench.Spool.Files.Keys.ShouldBe(files, ignoreOrder: true);
        bench.Spool.Store.Objects.Keys.ShouldBe(objects, ignoreOrder: true);
    }

    [Fact]
    public async Task Journal_of_a_higher_epoch_is_read_before_later_files_of_a_server_that_lost_the_session()
    {
        var (session, disk, numbers) = await KilledAsync();
        var newest = disk.Bytes(ObjectNames.Of(session).Journal(numbers[^1]))!;
        var oldest = JournalFile.Read(disk.Bytes(ObjectNames.Of(session).Journal(numbers[0]))!)!;
        disk.Store.Objects[ObjectNames.Of(session).Journal(1, 99)] = newest;
        byte[] owned = [.. JournalFile.Preamble(session.Channel, session.Id, 2, 5, oldest.BuildTimeline().Checkpoint()),
            .. JournalFile.Trailer(JournalEnd.Idle)];
        disk.Put(ObjectNames.Of(session).Journal(2, 5), owned);

        using var bench = await new PackagerHarness(disk).StartAsync();

        bench.Timeline(session).LastSegment.ShouldBe(oldest.BuildTimeline().LastSegment);
        bench.Timeline(session).LastSegment.ShouldBeLessThan(JournalFile.Read(newest)!.BuildTimeline().LastSegment);
    }

    [Fact]
    public async Task Journal_files_of_an_earlier_version_without_epoch_are_read()
    {
        var (session, disk, numbers) = await KilledAsync();
        var names = ObjectNames.Of(session);
        foreach (var number in numbers)
        {
            var bytes = disk.Bytes(names.Journal(number))!;
            if (disk.Store.Objects.Remove(names.Journal(number)))
            {
                disk.Store.Objects[names.Journal(0, number.Number)] = bytes;
            }
            else
            {
                disk.Lose(names.Journal(number));
                disk.Put(names.Journal(0, number.Number), bytes);
            }
        }

        using var bench = await new PackagerHarness(disk).StartAsync();

        bench.Timeline(session).LastSegment.ShouldBe(15);
        bench.Log.Count(3025).ShouldBe(0);
        bench.Spool.Files.Keys.ShouldContain(names.Journal(2, numbers[^1].Number + 1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Images_are_not_journaled_before_the_recovered_session_is_known_to_be_of_this_server(bool isOwned)
    {
        var session = Session();
        var owners = new Owners { [session.Id] = SessionOwnership.Undecided };
        using var killed = await new PackagerHarness(ownership: owners).StartAsync();
        await killed.PublishAsync(session, [.. VideoFrames(5, 60)], Source);
        using var bench = await new PackagerHarness(killed.Spool.AfterKill(), ownership: owners).StartAsync();
        bench.Timeline(session).LastSegment.ShouldBeGreaterThan(0);
        if (isOwned)
        {
            await bench.Stage.ResumeAsync(session.Channel, session.Id, CancellationToken.None);
        }

        var stored = bench.Spool.Store.Objects.Keys.ToList();
        bench.Stage.Offer(session.Channel, session.Id, new SessionImage.Poster(new(1000, 1000), 320, 180, new byte[] { 0xff, 0xd8, 1 }));

        (bench.Timeline(session).Poster is not null).ShouldBe(isOwned);
        bench.Spool.Store.Objects.Keys.Except(stored).Any(name => name.Value.StartsWith("journal/", StringComparison.Ordinal))
            .ShouldBe(isOwned);
    }

    [Fact]
    public async Task Media_of_a_released_session_is_discarded_when_the_owner_has_uploaded_another_object_of_the_name()
    {
        var session = Session();
        var owners = new Owners { [session.Id] = SessionOwnership.Open };
        using var bench = await new PackagerHarness(new FakeSpool { HasOtherWriters = true, Uploads = false }, ownership: owners)
            .StartAsync();
        await bench.PublishAsync(session, [.. VideoFrames(15, 60)], Source);
        var taken = ObjectName.Parse($"live/main/{session.Id}/source/2.m4s");
        var other = ObjectName.Parse($"live/main/{session.Id}/source/3.m4s");
        owners[session.Id] = SessionOwnership.Elsewhere;
        await bench.Stage.ReleaseAsync(session.Channel, session.Id, CancellationToken.None);

        bench.Spool.Store.Objects[taken] = [1, 2, 3];
        bench.Spool.TakeName(taken);

        bench.Spool.Files.Keys.ShouldNotContain(taken);
        bench.Spool.Files.Keys.ShouldContain(other, "it still waits for its upload");
        bench.Spool.Bytes(taken).ShouldBe([1, 2, 3]);
    }

    [Theory]
    [InlineData(SessionOwnership.Elsewhere, false)]
    [InlineData(SessionOwnership.Undecided, true)]
    [InlineData(SessionOwnership.Open, true)]
    public async Task End_of_a_session_that_another_server_continues_is_not_announced(SessionOwnership ownership, bool isEnded)
    {
        var session = Session();
        var owners = new Owners { [session.Id] = SessionOwnership.Open };
        using var bench = await new PackagerHarness(ownership: owners).StartAsync();
        await bench.PublishAsync(session, [.. VideoFrames(5, 60)], Source);
        var timeline = bench.Timeline(session);

        owners[session.Id] = ownership;
        await bench.Stage.EndAsync(session.Channel, session.Id, "another server owns or ended it", CancellationToken.None);

        timeline.IsEnded.ShouldBe(isEnded);
        bench.Sink.Released.Contains(session.Id).ShouldBe(!isEnded);
    }

    [Fact]
    public async Task Owner_continues_its_journal_in_the_next_epoch_when_another_server_wrote_a_file_of_its_name()
    {
        var session = Session();
        var owners = new Owners { [session.Id] = SessionOwnership.Undecided };
        using var bench = await new PackagerHarness(ownership: owners).StartAsync();
        var taken = ObjectNames.Of(session).Journal(1, 1);
        bench.Spool.Store.Objects[taken] = [1, 2, 3];
        var publishing = bench.Begin(session, Source);
        publishing.Send(VideoFrames(15, 60));
        await Poll.UntilAsync(() => owners.Asked(session.Id) > 0);
        bench.Spool.Files.Keys.ShouldContain(taken, "it waits until the owner is known");

        owners[session.Id] = SessionOwnership.Open;
        bench.Time.Advance(TimeSpan.FromSeconds(2));
        await Poll.UntilAsync(() => owners.Asked(session.Id) > 1);
        publishing.Send(VideoFrames(15, 60, from: 15));
        await publishing.EndAsync();
        await Poll.UntilAsync(() => !bench.Spool.Files.ContainsKey(taken));

        bench.Spool.Store.Objects[taken].ShouldBe([1, 2, 3]);
        bench.Spool.Deleted.ShouldNotContain(taken);
        bench.Timeline(session).Session.Epoch.ShouldBe(2);
        bench.Log.Count(3029).ShouldBe(1);
        using var next = await new PackagerHarness(bench.Spool.AfterKill()).StartAsync();
        next.Timeline(session).LastSegment.ShouldBe(bench.Timeline(session).LastSegment);
        next.Timeline(session).Session.Epoch.ShouldBe(3);
    }

    [Fact]
    public async Task Server_that_lost_a_session_stops_writing_it_when_the_owner_wrote_a_file_of_its_name()
    {
        var session = Session();
        var owners = new Owners { [session.Id] = SessionOwnership.Elsewhere };
        using var bench = await new PackagerHarness(ownership: owners).StartAsync();
        var taken = ObjectNames.Of(session).Journal(1, 1);
        bench.Spool.Store.Objects[taken] = [1, 2, 3];
        var publishing = bench.Begin(session, Source);
        publishing.Send(VideoFrames(15, 60));

        await Poll.UntilAsync(() => bench.Sink.Released.Contains(session.Id));

        bench.Stage.Current.ShouldBeEmpty();
        bench.Spool.Store.Objects[taken].ShouldBe([1, 2, 3]);
        await publishing.EndAsync();
    }

    [Fact]
    public async Task Segments_that_a_lost_server_uploaded_after_its_journal_are_announced_as_they_were()
    {
        using var lost = await new PackagerHarness().StartAsync();
        var session = Session();
        lost.Begin(session).Send(Interleave(VideoFrames(24.3, 60), Frames(24.3)));
        var before = lost.Timeline(session);
        var disk = new FakeSpool { Store = lost.Spool.Store.Copy() };
        var audioless = ObjectNames.Of(session).Segment("audio", 12);
        disk.Store.Objects.Remove(audioless).ShouldBeTrue();

        using var bench = await new PackagerHarness(disk, new ManualTimeProvider(Noon + TimeSpan.FromSeconds(25))).StartAsync();

        var source = bench.Timeline(session).Find("source")!;
        for (var number = 10; number <= 12; number++)
        {
            var (found, known) = (source.Find(number)!, before.Find("source")!.Find(number)!);
            found.IsGap.ShouldBeFalse();
            (found.Start, found.Duration, found.Length, found.Object, found.Init, found.Crc)
                .ShouldBe((known.Start, known.Duration, known.Length, known.Object, known.Init, known.Crc));
            found.Parts.Select(part => (part.Start, part.Duration, part.Offset, part.Length, part.Independent))
                .ShouldBe(known.Parts.Select(part => (part.Start, part.Duration, part.Offset, part.Length, part.Independent)));
        }

        var audio = bench.Timeline(session).Find("audio")!;
        (audio.Find(11)!.IsGap, audio.Find(12)!.IsGap).ShouldBe((false, true));
        bench.Log.Count(3032).ShouldBe(1);
    }

    /// <summary>A session of 15 segments whose server was killed, and the numbers of its journal files.</summary>
    private static async Task<(BroadcastSession Session, FakeSpool Disk, List<JournalNumber> Numbers)> KilledAsync()
    {
        var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        bench.Begin(session, Source).Send(VideoFrames(30, 60));
        var disk = bench.Spool.AfterKill();
        List<JournalNumber> numbers = [.. disk.Files.Keys.Concat(disk.Store.Objects.Keys)
            .Where(name => name.Value.StartsWith(ObjectNames.JournalRoot, StringComparison.Ordinal))
            .Select(name => ObjectNames.TryParse(name, out var parsed) ? parsed.JournalNumber : default).Order()];
        numbers.Count.ShouldBeGreaterThan(1);
        return (session, disk, numbers);
    }

    /// <summary>
    /// The disk of one of two servers that both admitted an encoder for the channel, after a kill. Both sessions are in the store. The one
    /// that lost the channel is the newer one, and ended.
    /// </summary>
    private static async Task<(BroadcastSession Won, BroadcastSession Lost, FakeSpool Disk)> BothAdmittedAsync(bool isWinner = false)
    {
        var (won, lost) = (Session(), Session(at: Noon.AddSeconds(1)));
        var first = await new PackagerHarness().StartAsync();
        first.Begin(won, Source).Send(VideoFrames(30, 60));
        var disk = new FakeSpool { Store = first.Spool.Store };
        using var second = await new PackagerHarness(disk).StartAsync();
        await second.PublishAsync(lost, [.. VideoFrames(5, 60)], Source);
        await second.Stage.EndAsync(lost.Channel, lost.Id, "the channel is on air at another server", CancellationToken.None);
        var restarted = (isWinner ? first.Spool : disk).AfterKill();
        restarted.Store.Objects.Keys.ShouldContain(name => name.Value.Contains(won.Id.Value));
        return (won, lost, restarted);
    }
}
