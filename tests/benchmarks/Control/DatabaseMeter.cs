using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>
/// CPU time of a PostgreSQL server with all its processes since the creation of this meter. It starts and ends processes all the time; the
/// time of ended ones is in the fields of their parent for its children (proc(5)).
/// </summary>
/// <param name="postmaster">Process of PostgreSQL.</param>
internal sealed class DatabaseMeter(int postmaster)
{
    private readonly double _before = Seconds(postmaster);

    /// <summary>CPU seconds since the creation of this meter, in hundredths of a second.</summary>
    public double CpuSeconds => Seconds(postmaster) - _before;

    /// <summary>Finds the private PostgreSQL of a server.</summary>
    /// <param name="data">Data folder of the server.</param>
    public static int PostmasterOf(string data) =>
        int.Parse(File.ReadLines(Directory.EnumerateFiles(data, "postmaster.pid", SearchOption.AllDirectories).Single()).First(),
            CultureInfo.InvariantCulture);

    private static double Seconds(int postmaster) => Ticks(postmaster, 4) + ChildrenMeter.Of(postmaster).Sum(child => Ticks(child, 2));

    /// <summary>Returns the sum of the first fields utime, stime, cutime and cstime in seconds; 0 if the process has ended.</summary>
    private static double Ticks(int process, int fields)
    {
        const int FirstField = 11;
        const double TicksPerSecond = 100;
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ').Skip(FirstField).Take(fields)
                .Sum(field => long.Parse(field, CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
