using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>CPU time of all processes of this machine since the creation of this meter (<c>/proc/stat</c>).</summary>
internal sealed class MachineMeter
{
    private const int Idle = 3;
    private const int WaitingForDisks = 4;

    /// <summary>Fields up to <c>steal</c>; the time of guests, which follows, is part of others.</summary>
    private const int Fields = 8;

    private const double TicksPerSecond = 100;
    private readonly double _before = Seconds();

    /// <summary>CPU seconds, in hundredths of a second.</summary>
    public double CpuSeconds => Seconds() - _before;

    private static double Seconds() => File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1)
        .Take(Fields).Where((_, i) => i is not (Idle or WaitingForDisks))
        .Sum(field => long.Parse(field, CultureInfo.InvariantCulture)) / TicksPerSecond;
}
