using Broadcast.Control.Api;
using Broadcast.Transcoder.Encoders.Probing;

namespace Broadcast.Host.Observability;

/// <summary>Encoder statuses for the API, from the transcoder's probes.</summary>
internal sealed class EncoderList(IEncoderStatuses encoders) : IEncoderList
{
    public IReadOnlyList<EncoderInfo> List() => ToInfos(encoders.Statuses);

    public async Task<IReadOnlyList<EncoderInfo>> ProbeAsync(CancellationToken cancellationToken) =>
        ToInfos(await encoders.ProbeAsync(cancellationToken));

    private static List<EncoderInfo> ToInfos(IReadOnlyList<EncoderStatus> statuses) =>
        [.. statuses.Select(s => new EncoderInfo(s.Encoder, s.Vendor, s.Codec, s.IsForRungs, s.Works, s.Error, s.ProbedAt, s.Duration))];
}
