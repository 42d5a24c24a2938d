using Broadcast.Media.TranscoderToPackager;
using Broadcast.Publisher;

namespace Broadcast.Targets.Legs;

/// <summary>Legs of one session. The list is replaced as a whole, so that samples are offered without a lock.</summary>
internal sealed class SessionLegs
{
    private volatile TargetLeg[] _legs = [];

    /// <summary>The legs.</summary>
    public IReadOnlyList<TargetLeg> Legs => _legs;

    /// <summary>Replaces the legs.</summary>
    public void Set(TargetLeg[] legs) => _legs = legs;

    /// <summary>Offers a sample to all legs. Never blocks.</summary>
    public void Offer(in RenditionSample item, bool hasVideo, object? set)
    {
        FlvTag? frame = null;
        foreach (var leg in _legs)
        {
            try
            {
                leg.Offer(item, hasVideo, set, ref frame);
            }
            catch (Exception error)
            {
                // The packager, which reads the samples, must not notice.
                leg.Break(error);
            }
        }
    }
}
