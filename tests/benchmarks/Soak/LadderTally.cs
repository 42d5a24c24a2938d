using System.Globalization;
using System.Text;

namespace Broadcast.Benchmarks;

/// <summary>Comparison of a rung with its source.</summary>
/// <param name="name">Name such as <c>360p of 480p30, on the server</c>.</param>
/// <param name="isServed">Whether the rung came from a server; otherwise from the transcoder alone.</param>
internal sealed class LadderTally(string name, bool isServed)
{
    public bool IsServed => isServed;

    /// <summary>Number of compared frames of the source.</summary>
    public long Frames { get; private set; }

    /// <summary>Seconds of video.</summary>
    public double Seconds { get; private set; }

    /// <summary>Sync samples of the source that are also sync samples of the rung.</summary>
    public long Sync { get; private set; }

    /// <summary>Sync samples of the source that are missing in the rung, or not sync samples.</summary>
    public long SyncMissing { get; private set; }

    /// <summary>Additional sync samples of the rung: a replacement worker begins with one.</summary>
    public long SyncExtra { get; private set; }

    /// <summary>Frames of the source that are missing in the rung.</summary>
    public long Missing { get; private set; }

    /// <summary>Additional frames of the rung: at other times, or duplicates.</summary>
    public long Extra { get; private set; }

    /// <summary>Compares a section of both.</summary>
    /// <param name="source">Time and sync flag of each expected frame.</param>
    /// <param name="rung">Time and sync flag of each frame of the rung.</param>
    /// <param name="seconds">Duration of the section.</param>
    public void Add(IEnumerable<(long Present, bool IsSync)> source, IReadOnlyCollection<(long Present, bool IsSync)> rung, double seconds)
    {
        var has = new Dictionary<long, bool>();
        foreach (var (present, isSync) in rung)
        {
            Extra += has.TryAdd(present, isSync) ? 0 : 1;
        }

        foreach (var (present, isSync) in source)
        {
            Frames++;
            var isThere = has.Remove(present, out var hasSync);
            Missing += isThere ? 0 : 1;
            Sync += isSync && hasSync ? 1 : 0;
            SyncMissing += isSync && !hasSync ? 1 : 0;
            SyncExtra += hasSync && !isSync ? 1 : 0;
        }

        Extra += has.Count;
        SyncExtra += has.Count(p => p.Value);
        Seconds += seconds;
    }

    /// <summary>Renders Markdown.</summary>
    public static string Render(IReadOnlyList<LadderTally> tallies)
    {
        var text =
            new StringBuilder(
                "| rung | hours of video | frames | missing | extra | sync samples of the source | missing | extra "
                + "|\n|---|---:|---:|---:|---:|---:|---:|---:|\n");
        foreach (var tally in tallies)
        {
            text.Append(tally).Append('\n');
        }

        return text.ToString();
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"| {name} | {Seconds / 3600:0.000} | {Frames:n0} | {Missing:n0} | {Extra:n0} | {Sync + SyncMissing:n0} | {SyncMissing:n0} | {SyncExtra:n0} |");
}
