using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Targets.Legs;

namespace Broadcast.Targets;

/// <summary>
/// Shows the samples of all sessions to the legs of their targets as the packager reads them, after the input switch and the ladder. The
/// packager gets the same samples, unchanged.
/// </summary>
internal sealed class TargetTap(IRenditionSink next, TargetLegs legs) : IRenditionSink
{
    /// <inheritdoc/>
    public Task RunAsync(RenditionSet renditions, CancellationToken cancellationToken) =>
        next.RunAsync(renditions with { Samples = new Reader(renditions, legs) }, cancellationToken);

    private sealed class Reader(RenditionSet set, TargetLegs legs) : ChannelReader<RenditionSample>
    {
        private readonly ChannelReader<RenditionSample> _samples = set.Samples;
        private readonly SessionId _session = set.Session.Id;
        private readonly bool _hasVideo = set.Renditions.Any(rendition => rendition.Kind == TrackKind.Video);

        public override Task Completion => _samples.Completion;

        public override bool CanCount => _samples.CanCount;

        public override bool CanPeek => _samples.CanPeek;

        public override int Count => _samples.Count;

        public override bool TryPeek(out RenditionSample item) => _samples.TryPeek(out item);

        public override bool TryRead(out RenditionSample item)
        {
            if (!_samples.TryRead(out item))
            {
                return false;
            }

            legs.Offer(_session, item, _hasVideo, set);
            return true;
        }

        public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) =>
            _samples.WaitToReadAsync(cancellationToken);
    }
}
