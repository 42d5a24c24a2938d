using Broadcast.Media.IngestToControl;

namespace Broadcast.Pipeline.Tests;

/// <summary>
/// Encoders that disconnect, return, and back each other up, as viewers see it (rows F01 to F03, F33 and F34 of the edge cases).
/// </summary>
public sealed class FailoverTests : PipelineTest
{
    private const byte Second = 2;

    [Theory]
    [InlineData(2, "F01")]
    [InlineData(45, "F02")]
    public async Task Reconnecting_encoder_continues_the_same_playlists_which_did_not_change_meanwhile_F01_F02(int seconds, string row)
    {
        var session = PipelineHarness.Session(_time);
        var first = _line.Connect(session);
        await first.SendAsync(7);
        await first.GoneAsync();
        var before = await _line.PlaylistAsync(session);
        _time.Advance(TimeSpan.FromSeconds(seconds));
        var meanwhile = await _line.PlaylistAsync(session);
        (meanwhile.Ended, meanwhile.Last).ShouldBe((false, before.Last), row);
        var second = _line.Attach(new FlvEncoder(_time) { Name = Second }, session);
        await second.SendAsync(6);
        await second.GoneAsync();

        var video = await _line.WatchAsync(session);
        video.Payloads.ShouldBe([.. first.Frames, .. second.Frames], "nothing is lost, and no old media follow the new");
        video.Playlist.Entries.Take(before.Entries.Count).ShouldBe(before.Entries);
        video.Playlist.Entries.Where(e => e.Discontinuity).Select(e => e.Number).ShouldBe([before.Last + 1]);
        video.Playlist.Entries.Select(e => e.Map).Distinct().ShouldHaveSingleItem("the same parameters need no new init segment");
        Gaps(video).Max().ShouldBeInRange(seconds - 0.1, seconds + 0.1, row);
    }

    [Fact]
    public async Task Ended_session_has_an_end_in_its_manifests_and_the_next_encoder_starts_another_F03()
    {
        var session = PipelineHarness.Session(_time);
        var camera = _line.Connect(session);
        await camera.SendAsync(7);
        await camera.GoneAsync();
        _time.Advance(TimeSpan.FromSeconds(60));
        await _line.EndAsync(session);

        (await _line.PlaylistAsync(session)).Ended.ShouldBeTrue();
        (await _line.MpdAsync(session)).Type.ShouldBe("static");
        var next = PipelineHarness.Session(_time);
        var again = _line.Connect(next);
        await again.SendAsync(5);
        await again.GoneAsync();
        (await _line.PlaylistAsync(next)).Entries[0].Number.ShouldBe(1);
        (await _line.WatchAsync(next)).Payloads.ShouldBe(again.Frames);
    }

    [Fact]
    public async Task Takeover_from_a_silent_encoder_delivers_no_sample_of_the_old_one_afterwards_F33()
    {
        var session = PipelineHarness.Session(_time);
        var old = _line.Connect(session);
        await old.SendAsync(5);
        _time.Advance(TimeSpan.FromSeconds(3));
        var newcomer = _line.Attach(new FlvEncoder(_time) { Name = Second }, session);
        await newcomer.SendAsync(3);
        var sent = old.Frames.Count;
        await old.SendAsync(1);   // the connection is still open
        await newcomer.SendAsync(3);
        await old.GoneAsync();
        await newcomer.GoneAsync();

        foreach (var rendition in new[] { "source", "audio" })
        {
            var watched = await _line.WatchAsync(session, rendition);
            ShouldBeOneTimeline(watched, rendition);
            watched.Playlist.Entries.Count(e => e.Discontinuity).ShouldBe(1);
        }

        (await _line.WatchAsync(session)).Payloads.ShouldBe([.. old.Frames.Take(sent), .. newcomer.Frames]);
    }

    [Fact]
    public async Task Viewers_get_the_backup_and_then_the_returned_primary_on_one_timeline_F34()
    {
        var session = PipelineHarness.Session(_time);
        var (primary, backup) = await PairAsync(session, new FlvEncoder(_time) { Name = Second });
        await _line.SendAsync(6.1, primary, backup);
        await primary.GoneAsync();
        await _line.SendAsync(8, backup);
        var again = _line.Attach(new FlvEncoder(_time), session);
        await _line.SendAsync(16, again, backup);
        await again.GoneAsync();
        await backup.GoneAsync();

        foreach (var rendition in new[] { "source", "audio" })
        {
            var watched = await _line.WatchAsync(session, rendition);
            ShouldBeOneTimeline(watched, rendition);
            Gaps(watched).Max().ShouldBeLessThan(2.1, $"{rendition}: the backup's keyframes are 2 s apart");
            watched.Playlist.Entries.Select(e => e.Map).Distinct().ShouldHaveSingleItem();
            (await _line.MpdAsync(session)).ShouldList(watched, rendition);
        }

        var video = await _line.WatchAsync(session);
        NamesOf(video).ShouldBe([0, Second, 0]);
        video.Playlist.DiscontinuitySequence.ShouldBe((await _line.PlaylistAsync(session, "audio")).DiscontinuitySequence);
        video.Playlist.Entries.Select(e => e.Discontinuity)
            .ShouldBe((await _line.PlaylistAsync(session, "audio")).Entries.Select(e => e.Discontinuity));
    }

    [Fact]
    public async Task Viewers_of_a_primary_with_input_loss_miss_at_most_a_keyframe_interval_F34()
    {
        var session = PipelineHarness.Session(_time);
        var (primary, backup) = await PairAsync(session, new FlvEncoder(_time) { Name = Second, KeyframeSeconds = 1 });
        await _line.SendAsync(6.5, primary, backup);
        await _line.SendAsync(6, backup);
        await primary.GoneAsync();
        await backup.GoneAsync();

        var video = await _line.WatchAsync(session);
        ShouldBeOneTimeline(video, "source");
        NamesOf(video).ShouldBe([0, Second]);
        Gaps(video).Max().ShouldBeLessThan(1.05);
        Gaps(await _line.WatchAsync(session, "audio")).Max().ShouldBeLessThan(1.2);
    }

    [Fact]
    public async Task Backup_with_another_configuration_starts_after_a_common_discontinuity_with_its_own_init_segment_F34()
    {
        var session = PipelineHarness.Session(_time);
        var (primary, backup) = await PairAsync(session, new FlvEncoder(_time) { Name = Second, IsReconfigured = true });
        await _line.SendAsync(6.1, primary, backup);
        await primary.GoneAsync();
        await _line.SendAsync(6, backup);
        await backup.GoneAsync();

        var (video, audio) = (await _line.WatchAsync(session), await _line.WatchAsync(session, "audio"));
        ShouldBeOneTimeline(video, "source");
        ShouldBeOneTimeline(audio, "audio");
        var at = video.Playlist.Entries.Where(e => e.Discontinuity).ShouldHaveSingleItem();
        audio.Playlist.Entries.Where(e => e.Discontinuity).ShouldHaveSingleItem().Number.ShouldBe(at.Number);
        video.Playlist.Entries.ShouldAllBe(e => e.Map == (e.Number < at.Number ? "source/init-1.mp4" : "source/init-2.mp4"));
        (await _line.MpdAsync(session)).Periods.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Backup_without_audio_gets_silent_audio_and_shared_sequence_numbers_F34()
    {
        var session = PipelineHarness.Session(_time);
        var (primary, backup) = await PairAsync(session, new FlvEncoder(_time) { Name = Second, HasAudio = false });
        await _line.SendAsync(6.1, primary, backup);
        await primary.GoneAsync();
        await _line.SendAsync(6, backup);
        await backup.GoneAsync();

        var (video, audio) = (await _line.WatchAsync(session), await _line.WatchAsync(session, "audio"));
        ShouldBeOneTimeline(video, "source");
        ShouldBeOneTimeline(audio, "audio");
        NamesOf(video).ShouldBe([0, Second]);
        audio.Playlist.Entries.Select(e => (e.Number, e.Discontinuity))
            .ShouldBe(video.Playlist.Entries.Select(e => (e.Number, e.Discontinuity)));
        audio.Payloads.Count(p => p.Length == 6).ShouldBeInRange(220, 340, "the backup's share of it is silent");
    }

    private async Task<(FlvEncoder Primary, FlvEncoder Backup)> PairAsync(BroadcastSession session, FlvEncoder backup)
    {
        var primary = _line.Connect(session);
        await _line.SendAsync(0.7, primary);
        return (primary, _line.Attach(backup, session, InputRole.Backup));
    }

    /// <summary>
    /// Checks that numbers and times increase, no segment is longer than the target duration, and wall-clock time never goes back.
    /// </summary>
    private static void ShouldBeOneTimeline(Watched watched, string rendition)
    {
        var entries = watched.Playlist.Entries;
        entries.Select(e => e.Number).ShouldBe(Enumerable.Range(1, entries.Count).Select(n => (long)n), rendition);
        entries.ShouldAllBe(e => e.Duration <= 3.05, rendition);
        watched.Segments.Zip(watched.Segments.Skip(1))
            .ShouldAllBe(pair => (Int128)pair.First.Ended * pair.Second.Timescale <= (Int128)pair.Second.Began * pair.First.Timescale,
                rendition);
        Gaps(watched).ShouldAllBe(gap => gap > -0.05, rendition);
    }

    /// <summary>Wall-clock seconds between each segment's end and the start of the next one.</summary>
    private static IEnumerable<double> Gaps(Watched watched) => watched.Playlist.Entries.Zip(
        watched.Playlist.Entries.Skip(1), (one, next) => (next.WallClock - one.WallClock).TotalSeconds - one.Duration);

    /// <summary>Sources of the received video, one entry per uninterrupted series.</summary>
    private static List<byte> NamesOf(Watched watched)
    {
        List<byte> names = [];
        foreach (var name in watched.Payloads.Select(p => p[5]))
        {
            if (names.Count == 0 || names[^1] != name)
            {
                names.Add(name);
            }
        }

        return names;
    }
}
