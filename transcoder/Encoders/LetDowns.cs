using Broadcast.Transcoder.Encoders.Proof;
using Broadcast.Transcoder.Encoders.Vendors;

namespace Broadcast.Transcoder.Encoders;

/// <summary>What a session has learned of hardware that let it down: which ways it does not try again for a while, and how many rungs a driver with a cap has taken.</summary>
/// <param name="time">The clock.</param>
internal sealed class LetDowns(TimeProvider time)
{
    /// <summary>How long a session leaves a way alone. What broke it may be its own pictures, which no proof has.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private readonly Dictionary<(Vendor Vendor, bool StaysOnDevice), DateTimeOffset> _barred = [];
    private readonly Dictionary<Vendor, (int Rungs, DateTimeOffset Until)> _caps = [];

    /// <summary>Whether a way is not to be tried now.</summary>
    public bool Bars(Route route) => _barred.TryGetValue((route.Vendor, route.StaysOnDevice), out var until) && time.GetUtcNow() < until;

    /// <summary>A way with no more rungs than the driver is known to take.</summary>
    /// <param name="route">The way.</param>
    /// <param name="rungs">Rungs that are to be encoded.</param>
    public Route Fit(Route route, int rungs) =>
        _caps.TryGetValue(route.Vendor, out var cap) && time.GetUtcNow() < cap.Until && cap.Rungs < rungs ? route with { Rungs = cap.Rungs } : route;

    /// <summary>A worker of hardware has failed.</summary>
    /// <param name="route">Which.</param>
    /// <param name="hasAnswered">Whether a picture had come out of it.</param>
    /// <param name="isSilent">Whether it did not end by itself.</param>
    /// <param name="reason">What it said.</param>
    /// <returns>Whether other sessions had better not use that hardware either.</returns>
    public bool Add(Route route, bool hasAnswered, bool isSilent, string reason)
    {
        var until = time.GetUtcNow() + Memory;
        if (!hasAnswered && Refusal.IsSessionCap(reason))
        {
            // The outputs before the one that was refused had been given their sessions.
            if (Refusal.FailedOutput(reason) is > 0 and var taken && taken < route.Rungs)
            {
                _caps[route.Vendor] = (taken, until);
                return false;
            }

            Bar(route.Vendor, until);
            return true;
        }

        if (!hasAnswered && !isSilent && route.StaysOnDevice)
        {
            // Its decoder may not know these pictures; its encoder may well do.
            _barred[(route.Vendor, true)] = until;
            return false;
        }

        Bar(route.Vendor, until);
        return true;
    }

    private void Bar(Vendor vendor, DateTimeOffset until) => _barred[(vendor, true)] = _barred[(vendor, false)] = until;
}
