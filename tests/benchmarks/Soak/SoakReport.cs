using System.Globalization;
using System.Text;

namespace Broadcast.Benchmarks;

/// <summary>The results of a soak test as Markdown.</summary>
internal static class SoakReport
{
    public static string Render(TimeSpan length, int kills, int seed, HlsFollower hls, DashFollower dash, ProcessWatch watch,
        Findings findings)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"### {length.TotalMinutes:0.#} minutes, {kills} kills (seed {seed})\n\n| what | figure |\n|---|---:|\n");
        Row("segments announced by HLS, all renditions", hls.Renditions.Sum(r => r.Known.Count));
        Row("of these fetched, once each", hls.Segments);
        Row("fetched again after kills and at the end, same bytes", hls.Renditions.Sum(r => r.Again));
        Row("megabytes", hls.Renditions.Sum(r => r.Bytes) / 1e6);
        Row("seconds of media, of elapsed " + length.TotalSeconds.ToString("0", CultureInfo.InvariantCulture),
            hls.Renditions.Count == 0 ? 0 : hls.Renditions[0].Seconds);
        Row("MPDs read", dash.Manifests);
        Row("Periods in them", dash.Periods);
        Row("**announced segments lost or changed**", findings.Lost.Count);
        Row("**playlists and manifests that went back**", findings.Back.Count);
        Row("broken rules and broken media", findings.Wrong.Count);
        Row("gaps (marked as such)", hls.Gaps);
        Row("longest time without a new segment, no kill, s", hls.Undisturbed.TotalSeconds);
        if (hls.Interruptions.Count > 0)
        {
            var waits = hls.Interruptions.Select(i => i.TotalSeconds).ToList();
            Row("time without a new segment around a kill, median, s", Sample.Median(waits));
            Row("the same, maximum, s", waits.Max());
        }

        if (watch.Looks.Count > 0)
        {
            Row("resident memory, median, MB", Sample.Median(watch.Looks.Select(l => l.Megabytes)));
            Row("resident memory, maximum, MB", watch.Looks.Max(l => l.Megabytes));
            Row("threads, maximum", watch.Looks.Max(l => l.Threads));
            Row("handles, maximum", watch.Looks.Max(l => l.Handles));
            Row("files of media and journal, maximum", watch.Looks.Max(l => l.Files));
        }

        if (watch.MemorySlope() is { } slope)
        {
            Row($"memory slope over the longest life ({slope.Minutes.ToString("0.0", CultureInfo.InvariantCulture)} min after its "
                + "first), MB per minute", slope.Slope);
        }

        foreach (var finding in findings.Lost.Concat(findings.Back).Concat(findings.Wrong))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n- {finding}");
        }

        return text.ToString();

        void Row(string what, double figure) => text.Append(CultureInfo.InvariantCulture, $"| {what} | {figure:0.##} |\n");
    }
}
