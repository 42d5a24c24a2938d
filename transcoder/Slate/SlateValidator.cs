using Broadcast.Media;
using Broadcast.Media.TranscoderToControl;
using Broadcast.Transcoder.Encoders;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Slate;

/// <summary>Validates slates by encoding a small one.</summary>
/// <param name="encoding">Options with the path of ffmpeg.</param>
/// <param name="time">The clock.</param>
internal sealed class SlateValidator(IOptions<EncodingOptions> encoding, TimeProvider time) : ISlateValidator
{
    private static readonly SlateFormat TestFormat = SlateFormat.For(320, 180, 1, 1, MediaTime.VideoTimescale / 10);

    public async ValueTask<string?> ValidateAsync(ChannelSlate slate, CancellationToken cancellationToken)
    {
        try
        {
            await using var video = new SlateVideo(encoding.Value.Ffmpeg, time, new SlateInput([], TestFormat, Hold: 0),
                new SlateFile(slate.Bytes, slate.IsClip));
            await foreach (var _ in video.ReadAsync(cancellationToken))
            {
                return null;
            }

            return "The slate file has no video frame.";
        }
        catch (SlateFailedException e)
        {
            return $"The slate file cannot be decoded: {e.Message}";
        }
        catch (Exception e) when (e is IOException or System.ComponentModel.Win32Exception)
        {
            return $"The slate file cannot be checked because ffmpeg does not start: {e.Message}";
        }
    }
}
