using Broadcast.Control;
using Broadcast.Transcoder.Encoders.Proof;

namespace Broadcast.Host.Observability;

/// <summary>Tells the API which encoders work, as the transcoder has proved them.</summary>
internal sealed class EncoderList(IEncoderStandings encoders) : IEncoderList
{
    public IReadOnlyList<EncoderInfo> List() => Infos(encoders.Standings);

    public async Task<IReadOnlyList<EncoderInfo>> ProveAsync(CancellationToken cancellationToken) => Infos(await encoders.ProveAsync(cancellationToken));

    private static List<EncoderInfo> Infos(IReadOnlyList<EncoderStanding> standings) =>
        [.. standings.Select(s => new EncoderInfo(s.Encoder, s.Vendor, s.Codec, s.IsForRungs, s.Works, s.Refusal, s.ProvedAt, s.Took))];
}
