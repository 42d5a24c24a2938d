using Broadcast.Transcoder.Encoders.Backends;
using Broadcast.Transcoder.Encoders.Probing;

namespace Broadcast.Transcoder.Encoders;

/// <summary>Hardware failures of one session: backends that it avoids for a while, and session limits of drivers.</summary>
/// <param name="time">The clock.</param>
internal sealed class HardwareFailureHistory(TimeProvider time)
{
    /// <summary>
    /// Time for which a session avoids a failed backend. The session's own video may be the cause, which a probe cannot detect.
    /// </summary>
    public static readonly TimeSpan AvoidanceTime = TimeSpan.FromMinutes(10);

    private readonly Dictionary<(EncoderVendor Vendor, bool StaysOnDevice), DateTimeOffset> _avoided = [];
    private readonly Dictionary<EncoderVendor, (int Rungs, DateTimeOffset Until)> _caps = [];

    /// <summary>Returns whether the path must not be used now.</summary>
    public bool IsAvoided(EncodePath path) => _avoided.TryGetValue((path.Vendor, path.StaysOnDevice), out var until)
        && time.GetUtcNow() < until;

    /// <summary>Limits a path to the rungs that the driver is known to accept.</summary>
    /// <param name="path">The path.</param>
    /// <param name="rungs">Rungs to encode.</param>
    public EncodePath LimitRungs(EncodePath path, int rungs) =>
        _caps.TryGetValue(path.Vendor, out var cap) && time.GetUtcNow() < cap.Until
        && cap.Rungs < rungs ? path with { Rungs = cap.Rungs } : path;

    /// <summary>Records a hardware worker's failure.</summary>
    /// <param name="path">The worker's path.</param>
    /// <param name="hasOutput">Whether the worker had output a frame.</param>
    /// <param name="hasHung">Whether the worker hung rather than exited.</param>
    /// <param name="reason">The worker's last output.</param>
    /// <returns>Whether other sessions should avoid that hardware too.</returns>
    public bool Add(EncodePath path, bool hasOutput, bool hasHung, string reason)
    {
        var until = time.GetUtcNow() + AvoidanceTime;
        if (!hasOutput && EncoderErrorParser.IsSessionCap(reason))
        {
            // The outputs before the rejected one had obtained their encoder sessions.
            if (EncoderErrorParser.FailedOutput(reason) is > 0 and var accepted && accepted < path.Rungs)
            {
                _caps[path.Vendor] = (accepted, until);
                return false;
            }

            Avoid(path.Vendor, until);
            return true;
        }

        if (!hasOutput && !hasHung && path.StaysOnDevice)
        {
            // The decoder may not support this video; the encoder may still work.
            _avoided[(path.Vendor, true)] = until;
            return false;
        }

        Avoid(path.Vendor, until);
        return true;
    }

    private void Avoid(EncoderVendor vendor, DateTimeOffset until) => _avoided[(vendor, true)] = _avoided[(vendor, false)] = until;
}
