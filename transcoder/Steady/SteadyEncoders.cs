using Broadcast.Media;
using Broadcast.Media.TargetsToTranscoder;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Encoders.Probing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Steady;

/// <summary>Creates steady encoders with the configured output format.</summary>
internal sealed class SteadyEncoders(IOptions<SteadyOptions> options, IOptions<EncodingOptions> encoding, EncoderSelector selector,
    TimeProvider time, ILogger<SteadyEncoders> logger) : ISteadyEncoders
{
    /// <inheritdoc/>
    public ISteadyEncoder Start(ChannelName channel, Action<RenditionSample> sink, Action changed) =>
        new SteadyEncoder(options.Value, encoding.Value.Ffmpeg, () => selector.CanToneMap, channel.Value, sink,
            new OutageReport(time, changed), time, logger);
}
