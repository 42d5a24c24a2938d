using Broadcast.Media;
using Broadcast.Transcoder.Encoders;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Slate;

/// <summary>Proves that a slate can be shown, by making a small one of it.</summary>
/// <param name="encoding">Where ffmpeg is.</param>
/// <param name="time">The clock.</param>
internal sealed class SlateProof(IOptions<EncodingOptions> encoding, TimeProvider time) : ISlateProof
{
    private static readonly SlateFormat Small = SlateFormat.For(320, 180, 1, 1, MediaTime.VideoTimescale / 10);

    public async ValueTask<string?> RefusalAsync(ChannelSlate slate, CancellationToken cancellationToken)
    {
        try
        {
            await using var clip = new SlateClip(encoding.Value.Ffmpeg, time, new SlateMaterial([], Small, Hold: 0), new SlateFile(slate.Bytes, slate.IsClip));
            await foreach (var _ in clip.ReadAsync(cancellationToken))
            {
                return null;
            }

            return "The slate has no picture.";
        }
        catch (SlateFailedException e)
        {
            return $"The slate cannot be decoded: {e.Message}";
        }
        catch (Exception e) when (e is IOException or System.ComponentModel.Win32Exception)
        {
            return $"The slate cannot be tried, as ffmpeg does not start: {e.Message}";
        }
    }
}
