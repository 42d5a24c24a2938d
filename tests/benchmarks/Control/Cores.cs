using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>CPU cores available to this process. The server and the load generator get separate cores.</summary>
internal static class Cores
{
    /// <summary>Core numbers, as <c>taskset -c</c> accepts them.</summary>
    public static IReadOnlyList<int> Allowed { get; } = Parse(
        File.ReadLines("/proc/self/status").First(l => l.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal))
        .Split(':', 2)[1].Trim());

    /// <summary>The server's core.</summary>
    /// <exception cref="InvalidOperationException">Fewer than two cores are available.</exception>
    public static string Server => Of(0);

    /// <summary>The load generator's core.</summary>
    /// <exception cref="InvalidOperationException">Fewer than two cores are available.</exception>
    public static string Client => Of(1);

    private static string Of(int index) => Allowed.Count >= 2
        ? Allowed[index].ToString(CultureInfo.InvariantCulture)
        : throw new InvalidOperationException("This part needs two CPU cores: one for the server, one for the load generator.");

    // Format: 0-1,4.
    private static List<int> Parse(string list)
    {
        var cores = new List<int>();
        foreach (var range in list.Split(','))
        {
            var ends = range.Split('-').Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToList();
            cores.AddRange(Enumerable.Range(ends[0], ends[^1] - ends[0] + 1));
        }

        return cores;
    }
}
