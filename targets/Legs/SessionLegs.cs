using Broadcast.Media;
using Broadcast.Media.ControlToTargets;
using Broadcast.Media.TargetsToTranscoder;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Publisher;

namespace Broadcast.Targets.Legs;

/// <summary>
/// Legs of one session. The lists are replaced as a whole, so that samples are offered without a lock. All steady legs share one encoder,
/// which runs while there are any.
/// </summary>
/// <param name="channel">Channel of the session.</param>
/// <param name="encoders">Steady encoders; <see langword="null"/> if this server has none.</param>
/// <param name="changed">Called when the state of a leg changes because of the encoder; must only wake other threads.</param>
internal sealed class SessionLegs(ChannelName channel, ISteadyEncoders? encoders, Action changed)
{
    private volatile TargetLeg[] _legs = [];
    private volatile TargetLeg[] _copying = [];
    private volatile TargetLeg[] _steady = [];
    private volatile ISteadyEncoder? _encoder;

    /// <summary>The legs.</summary>
    public IReadOnlyList<TargetLeg> Legs => _legs;

    /// <summary>
    /// State of a leg. A steady leg keeps its connection while the encoder has failed, but the platform gets no video: it is retrying.
    /// </summary>
    public TargetStatus StatusOf(TargetLeg leg)
    {
        var status = leg.Status;
        return leg.Settings.Mode != TargetMode.Steady || status.State == TargetState.Rejected || _encoder?.Outage is not { } outage ? status
            : status with
            {
                State = TargetState.Retrying, Reason = $"The encoder failed: {outage.Reason}.", NextAttempt = outage.NextAttempt,
                Since = outage.Since > status.Since ? outage.Since : status.Since,
            };
    }

    /// <summary>Replaces the legs. Starts an encoder for the first steady leg.</summary>
    /// <returns>The encoder that is no longer needed, for the caller to dispose of; <see langword="null"/> for none.</returns>
    public ISteadyEncoder? Set(TargetLeg[] legs)
    {
        _legs = legs;
        _copying = [.. legs.Where(leg => leg.Settings.Mode == TargetMode.Copy)];
        _steady = [.. legs.Where(leg => leg.Settings.Mode == TargetMode.Steady)];
        if (_steady.Length > 0)
        {
            _encoder ??= encoders?.Start(channel, OfferSteady, changed);
            return null;
        }

        var unused = _encoder;
        _encoder = null;
        return unused;
    }

    /// <summary>Offers a sample to all legs. Never blocks.</summary>
    public void Offer(in RenditionSample item, bool hasVideo, object? set)
    {
        Offer(_copying, item, hasVideo, set);
        if (_encoder is { } encoder && set is RenditionSet renditions)
        {
            encoder.Offer(renditions, item);
        }
    }

    /// <summary>Sends what was offered since the last call. Never blocks.</summary>
    public void Flush()
    {
        foreach (var leg in _legs)
        {
            leg.Flush();
        }
    }

    private void OfferSteady(RenditionSample item) => Offer(_steady, item, hasVideo: true, set: null);

    private static void Offer(TargetLeg[] legs, in RenditionSample item, bool hasVideo, object? set)
    {
        FlvTag? frame = null;
        foreach (var leg in legs)
        {
            try
            {
                leg.Offer(item, hasVideo, set, ref frame);
            }
            catch (Exception error)
            {
                // The caller, the packager or an encoder, must not notice.
                leg.Break(error);
            }
        }
    }
}
