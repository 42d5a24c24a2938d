using System.Globalization;
using System.Text;

namespace Broadcast.Benchmarks;

/// <summary>Results of <c>soak --targets</c> as Markdown.</summary>
internal static class TargetsSoakReport
{
    public static string Render(TimeSpan away, int switches, int counted, IReadOnlyList<Received> received,
        IReadOnlyDictionary<string, (string State, long Connections, long Dropped)> states, int sent, Findings findings)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"### {away.TotalMinutes:0.#} minutes without an encoder, {switches} switches of another target ({counted} publications ended)\n\n");
        text.Append(CultureInfo.InvariantCulture, $"The server's own recording has {sent} video frames.\n\n");
        text.Append("| target | publications | connections | frames | compared | different | headers | timestamps back | off the grid | "
            + "longest step, video / audio, ms | decodes |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|\n");
        foreach (var one in received)
        {
            var tags = one.Tags is { } t
                ? string.Create(CultureInfo.InvariantCulture,
                    $"{t.Headers} | {t.StepsBack} | {(one.Mode == "steady" ? t.OffGrid.ToString(CultureInfo.InvariantCulture) : "")} | {t.LongestVideoStep} / {t.LongestAudioStep}")
                : " | | | ";
            text.Append(CultureInfo.InvariantCulture,
                $"| {one.Target} | {one.Publications} | {states[one.Target].Connections} | {one.Media.Frames.Count} | {one.Frames.Compared} | {one.Frames.Different} | {tags} | {(one.Media.Complaints.Length == 0 ? "yes" : "**no**")} |\n");
        }

        foreach (var finding in findings.Lost.Concat(findings.Back).Concat(findings.Wrong))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n- {finding}");
        }

        return text.ToString();
    }
}
