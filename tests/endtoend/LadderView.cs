using Broadcast.Testing;
using Shouldly;

namespace Broadcast.EndToEnd.Tests;

/// <summary>All renditions of an ended session, as players receive them.</summary>
/// <param name="Source">The source rendition.</param>
/// <param name="Audio">The audio rendition.</param>
/// <param name="Rungs">The encoded renditions by name.</param>
/// <param name="Mpd">The MPD.</param>
internal sealed record LadderView(DecodedRendition Source, DecodedRendition Audio,
    IReadOnlyDictionary<string, DecodedRendition> Rungs, string Mpd)
{
    /// <summary>Indicates whether the session was ended while rungs were being encoded: their last period then lacks unfinished
    /// media.</summary>
    public bool IsCutOff { get; init; }

    /// <summary>
    /// Maximum duration of a burst at the start of a period, in seconds: a slate begins with all media missing before it. On a busy machine
    /// a rung's encoder that is not ready in time leaves out more than its first segment.
    /// </summary>
    public double InOneGo { get; init; }

    private string Notified =>
        string.Join('\n', Rungs.Prepend(new("audio", Audio)).Prepend(new("source", Source)).Select(r => $"{r.Key}: {r.Value.Notified}"));

    /// <summary>Waits for the end of a channel's session and reads the final playlists.</summary>
    public static async Task<LadderView> ReadAsync(BroadcastServer server, string channel, params string[] rungs)
    {
        var ended = await HlsView.WaitAsync(server, channel, v => v.Ended, "the end", "audio");
        var read = new Dictionary<string, DecodedRendition>(StringComparer.Ordinal);
        foreach (var rung in rungs)
        {
            read[rung] = await DecodedRendition.ReadAsync(server, channel, rung);
        }

        return new LadderView(
            await DecodedRendition.ReadAsync(server, channel, "source"), await DecodedRendition.ReadAsync(server, channel, "audio"), read,
            await server.Client.GetStringAsync($"/live/{channel}/{ended.Session}/manifest.mpd"));
    }

    /// <summary>
    /// Checks the invariants of every session: nothing is missing, all renditions have the same segment boundaries, every frame of the
    /// source is in each rung at its time and decodes, and audio accompanies all of it.
    /// </summary>
    /// <param name="discontinuities">Expected number of discontinuities.</param>
    /// <param name="isDamaged">Whether the encoder sent media that cannot be decoded without errors.</param>
    public void ShouldBeWhole(int discontinuities = 0, bool isDamaged = false)
    {
        Source.Discontinuities.Count().ShouldBe(discontinuities, Notified);

        // A discontinuity also marks the start of a rung if its encoder was not ready for the first segment.
        (Mpd.Split("<Period ").Length - 1).ShouldBeGreaterThan(discontinuities, "as many periods");
        ShouldGoOn("source", Source);
        ShouldGoOn("audio", Audio);
        Source.Segments.ShouldAllBe(s => s.Samples[0].IsSync);
        foreach (var (name, rung) in Rungs)
        {
            ShouldGoOn(name, rung);
            ShouldFollow(name, rung, isDamaged);
            rung.Runs.ShouldAllBe(r => isDamaged || r.Complaints.Length == 0,
                $"{name}: {string.Concat(rung.Runs.Select(r => r.Complaints))}");
        }

        Source.Runs.ShouldAllBe(r => isDamaged || r.Complaints.Length == 0,
            $"source: {string.Concat(Source.Runs.Select(r => r.Complaints))}");
        ShouldHaveAudioThroughout();
    }

    private void ShouldGoOn(string name, DecodedRendition rendition)
    {
        rendition.View.Last.ShouldBe(Source.View.Last, name);

        // A rung's last segment can be short, or consist only of frames buffered at the end of the session.
        rendition.Gaps.Where(n => !Rungs.ContainsKey(name) || !(MayBeLate(n) || n == Source.View.Last)).ShouldBeEmpty(Notified);
        rendition.Discontinuities.ShouldBe(Source.Discontinuities
            .Where(n => n > rendition.View.Sequence || rendition.View.Sequence == Source.View.Sequence), name);
        rendition.View.Segments.ShouldAllBe(s => s.Duration <= rendition.View.TargetDuration + 0.5, name);
        foreach (var run in rendition.Runs)
        {
            foreach (var (one, next) in run.Segments.Zip(run.Segments.Skip(1)))
            {
                ((next.Entry.WallClock - one.Entry.WallClock).TotalSeconds - one.Entry.Duration).ShouldBe(0, 0.05, $"{name} {one.Number}");
            }
        }
    }

    /// <summary>
    /// Each period is encoded by a separate process. On a busy machine its first segment can lack media from before the process was ready.
    /// </summary>
    private bool MayBeLate(long segment)
    {
        var begin = Source.Discontinuities.Append(Source.View.Sequence).Where(first => first <= segment).Max();
        return segment == begin || (IsCutOff && segment >= Source.Discontinuities.LastOrDefault())
            || (Source.View.Segments[(int)(segment - Source.View.Sequence)]
                .WallClock - Source.View.Segments[(int)(begin - Source.View.Sequence)].WallClock).TotalSeconds < InOneGo;
    }

    private void ShouldFollow(string name, DecodedRendition rung, bool isDamaged)
    {
        var source = Source.Segments.ToDictionary(s => s.Number);

        // The last segment can lack frames buffered at the end of the session.
        foreach (var segment in rung.Segments.SkipLast(1).Where(s => !MayBeLate(s.Number)))
        {
            var original = source[segment.Number];
            segment.Samples.Where(s => s.IsSync).ShouldBe(original.Samples.Where(s => s.IsSync), $"{name} {segment.Number}: sync samples");
            if (!isDamaged)
            {
                segment.Samples.Select(s => s.Time).ShouldBe(original.Samples.Select(s => s.Time).Order(),
                    $"{name} {segment.Number}: times");
            }

            segment.Entry.Duration.ShouldBe(original.Entry.Duration, 0.001, $"{name} {segment.Number}");
        }
    }

    private void ShouldHaveAudioThroughout()
    {
        foreach (var (audio, frame) in Audio.Segments.Join(Source.Segments, s => s.Number, s => s.Number, (audio, frame) => (audio, frame)))
        {
            (audio.Entry.WallClock - frame.Entry.WallClock).TotalSeconds.ShouldBe(0, 0.06, $"audio {audio.Number}");
        }

        foreach (var run in Audio.Runs)
        {
            var length = 1024 / double.Parse(run.Text("sample_rate"), System.Globalization.CultureInfo.InvariantCulture);
            run.Samples.Zip(run.Samples.Skip(1)).ShouldAllBe(pair => ((pair.Second.Time - pair.First.Time) * run.Tick) - length < length,
                "a gap between silence and audio is shorter than a frame");
        }
    }
}
