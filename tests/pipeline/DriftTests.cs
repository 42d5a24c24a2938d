namespace Broadcast.Pipeline.Tests;

/// <summary>
/// Row F36 of the edge cases for viewers: encoders whose clock drifts so much that, uncorrected, playlists and MPDs would deviate from
/// wall-clock time by seconds within hours, and increase latency by as much.
/// </summary>
public sealed class DriftTests : PipelineTest
{
    private const double Hours = 1.5;
    private const double Segment = 6;

    /// <summary>Shorter than the window of a live playlist, so that no segment is missed; a whole number of audio frames.</summary>
    private const double Look = 96;

    /// <summary>Mono AAC at 8 kHz: eight audio frames per second keep the simulation of hours fast.</summary>
    private static readonly byte[] Mono8000 = [0x15, 0x88];

    private static readonly string[] Both = ["source", "audio"];

    [Theory]
    [InlineData(800)]
    [InlineData(-800)]
    public async Task F36_HLS_and_DASH_keep_monotonic_wall_clock_time_after_hours_of_drift(int perMillion)
    {
        (Hours * 3600 * Math.Abs(perMillion) / 1e6).ShouldBeGreaterThan(4, "otherwise this would test nothing");
        var session = PipelineHarness.Session(_time, latency: LatencyProfile.Safe);
        var camera = _line.Attach(new FlvEncoder(_time) { Drift = perMillion, VideoRate = 10, AudioRate = 8000, AudioRecord = Mono8000,
            KeyframeSeconds = Segment, Keeps = false }, session);
        var seen = Both.ToDictionary(rendition => rendition, _ => new SortedDictionary<long, Entry>());

        for (var sent = 0.0; sent < Hours * 3600; sent += Look)
        {
            await camera.SendAsync(Look);
            foreach (var rendition in Both)
            {
                // The first frames of the last segment are sent, so the previous segment is complete.
                var playlist = await _line.ReachAsync(session, rendition, (long)((sent + Look) / Segment) - 1);
                Remember(seen[rendition], playlist);
            }

            ShouldAgree(await _line.MpdAsync(session), seen);
        }

        camera.Dropped.ShouldBe(0);
        foreach (var rendition in Both)
        {
            var entries = seen[rendition].Values.ToList();
            entries.Select(e => e.Number).ShouldBe(Enumerable.Range(1, entries.Count).Select(n => (long)n));
            entries.ShouldAllBe(e => !e.Discontinuity && !e.Gap);

            // Audio segments end with a frame of 128 ms here; the rate is corrected by at most a thousandth.
            entries.ShouldAllBe(e => Math.Abs(e.Duration - Segment) < (rendition == "audio" ? 0.14 : 0.01));
            entries.Zip(entries.Skip(1))
                .ShouldAllBe(pair => Math.Abs((pair.Second.WallClock - pair.First.WallClock).TotalSeconds - pair.First.Duration) < 0.002);
            entries.ShouldAllBe(e => Math.Abs((e.WallClock - seen["source"][e.Number].WallClock).TotalSeconds) < 0.13);
        }

        var off = seen["source"]
            .Values.Select(e => (e.WallClock - camera.WallClockAt(TimeSpan.FromSeconds((e.Number - 1) * Segment))).TotalSeconds).ToList();
        off.ShouldAllBe(seconds => Math.Abs(seconds) < 0.5);
        Math.Abs(off[^1]).ShouldBeGreaterThan(0.25, "within the dead band the drift is not corrected");
        Math.Sign(off[^1]).ShouldBe(Math.Sign(perMillion));
    }

    /// <summary>Checks that listed segments do not change.</summary>
    private static void Remember(SortedDictionary<long, Entry> seen, Playlist playlist)
    {
        foreach (var entry in playlist.Entries)
        {
            if (!seen.TryAdd(entry.Number, entry))
            {
                seen[entry.Number].ShouldBe(entry);
            }
        }
    }

    /// <summary>
    /// Checks for one period without gaps, in which availability start, period and segment times match the program date-time.
    /// </summary>
    private static void ShouldAgree(Mpd mpd, Dictionary<string, SortedDictionary<long, Entry>> seen)
    {
        var period = mpd.Periods.ShouldHaveSingleItem();
        foreach (var (rendition, times) in period.Representations)
        {
            times.Segments.Zip(times.Segments.Skip(1)).ShouldAllBe(pair => pair.First.Time + pair.First.Duration == pair.Second.Time);
            foreach (var (number, time, _) in times.Segments.Where(s => seen[rendition].ContainsKey(s.Number)))
            {
                var wall = mpd.AvailabilityStart + period.Start + TimeSpan.FromSeconds((double)(time - times.Offset) / times.Timescale);
                wall.ShouldBe(seen[rendition][number].WallClock, TimeSpan.FromMilliseconds(2), $"{rendition} {number}");
            }
        }
    }
}
