using Microsoft.Playwright;

namespace Broadcast.Benchmarks;

/// <summary>Longest interruption of a page's playback.</summary>
internal sealed class StandingWatch(IPage page)
{
    private double _at = -1;
    private long _since = TimeProvider.System.GetTimestamp();

    /// <summary>Longest interruption so far.</summary>
    public TimeSpan Longest { get; private set; }

    /// <summary>Duration of the current interruption, at the last measurement.</summary>
    public TimeSpan Standing { get; private set; }

    /// <summary>Played seconds: advances between measurements, without seeks.</summary>
    public double Played { get; private set; }

    /// <summary>Current position.</summary>
    public Task<double> TimeAsync() => page.EvaluateAsync<double>("() => document.querySelector('video')?.currentTime ?? 0");

    /// <summary>Measures the position.</summary>
    /// <returns>Whether playback resumed after an interruption of at least two seconds.</returns>
    public async Task<bool> LookAsync()
    {
        var now = await TimeAsync();
        var stood = TimeProvider.System.GetElapsedTime(_since);
        var moves = Math.Abs(now - _at) > 0.02;
        if (moves)
        {
            Played += now > _at && _at >= 0 ? Math.Min(now - _at, stood.TotalSeconds * 1.1) : 0;
            (_at, _since) = (now, TimeProvider.System.GetTimestamp());
        }

        Longest = stood > Longest ? stood : Longest;
        Standing = moves ? TimeSpan.Zero : stood;
        return moves && stood > TimeSpan.FromSeconds(2);
    }

    /// <summary>Returns the longest interruption since the last call.</summary>
    public TimeSpan TakeLongest()
    {
        var longest = Longest;
        Longest = TimeSpan.Zero;
        return longest;
    }
}
