using System.Globalization;
using System.Text;

namespace Broadcast.Benchmarks;

/// <summary>A rung held against its source.</summary>
/// <param name="name">As in <c>360p of 480p30, on the server</c>.</param>
/// <param name="isServed">Whether it came out of a server; else out of the transcoder alone.</param>
internal sealed class LadderTally(string name, bool isServed)
{
    public bool IsServed => isServed;

    /// <summary>Pictures of the source it was held against.</summary>
    public long Pictures { get; private set; }

    /// <summary>Seconds of video.</summary>
    public double Seconds { get; private set; }

    /// <summary>Sync samples of the source that are sync samples of the rung, too.</summary>
    public long Sync { get; private set; }

    /// <summary>Sync samples of the source that are none of the rung, or missing.</summary>
    public long SyncMissing { get; private set; }

    /// <summary>Sync samples of the rung where the source has none: a worker that follows another begins with one.</summary>
    public long SyncExtra { get; private set; }

    /// <summary>Pictures of the source that the rung has not.</summary>
    public long Missing { get; private set; }

    /// <summary>Pictures of the rung that the source has not: at other times, or twice.</summary>
    public long Extra { get; private set; }

    /// <summary>Takes a stretch of both.</summary>
    /// <param name="source">Time and whether it is a sync sample, of each picture that the rung should have.</param>
    /// <param name="rung">The same of the rung.</param>
    /// <param name="seconds">How long the stretch is.</param>
    public void Add(IEnumerable<(long Present, bool IsSync)> source, IReadOnlyCollection<(long Present, bool IsSync)> rung, double seconds)
    {
        var has = new Dictionary<long, bool>();
        foreach (var (present, isSync) in rung)
        {
            Extra += has.TryAdd(present, isSync) ? 0 : 1;
        }

        foreach (var (present, isSync) in source)
        {
            Pictures++;
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

    /// <summary>All as Markdown.</summary>
    public static string Render(IReadOnlyList<LadderTally> tallies)
    {
        var text = new StringBuilder("| rung | hours of video | pictures | missing | extra | sync samples of the source | missing | extra |\n|---|---:|---:|---:|---:|---:|---:|---:|\n");
        foreach (var tally in tallies)
        {
            text.Append(tally).Append('\n');
        }

        return text.ToString();
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"| {name} | {Seconds / 3600:0.000} | {Pictures:n0} | {Missing:n0} | {Extra:n0} | {Sync + SyncMissing:n0} | {SyncMissing:n0} | {SyncExtra:n0} |");
}
