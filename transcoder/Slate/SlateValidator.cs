using System.ComponentModel;
using Broadcast.Media;
using Broadcast.Media.TranscoderToControl;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Workers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Slate;

/// <summary>
/// Validates slates by encoding a small one. The messages contain nothing that ffmpeg printed, because it can name files of the server.
/// </summary>
/// <param name="encoding">Options with the path of ffmpeg.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log, which has ffmpeg's output.</param>
internal sealed class SlateValidator(IOptions<EncodingOptions> encoding, TimeProvider time, ILogger<SlateValidator> logger)
    : ISlateValidator
{
    private static readonly SlateFormat TestFormat = SlateFormat.For(320, 180, 1, 1, MediaTime.VideoTimescale / 10);

    /// <summary>Message for a server without ffmpeg.</summary>
    private const string NoProgram =
        "The slate cannot be checked, because ffmpeg does not start on this server. './broadcast doctor' shows the reason.";

    public async ValueTask<string?> ValidateAsync(ChannelSlate slate, CancellationToken cancellationToken)
    {
        try
        {
            await using var video = new SlateVideo(encoding.Value.Ffmpeg, time, new SlateInput([], TestFormat, Hold: 0),
                new SlateFile(slate.Bytes, slate.Type), WorkerLimits.SlateCheck);
            await foreach (var _ in video.ReadAsync(cancellationToken))
            {
                return null;
            }

            return MessageFor(slate.Type);
        }
        catch (SlateFailedException e)
        {
            SlateValidatorLog.Invalid(logger, e.Message);
            return e.IsProgramMissing ? NoProgram : MessageFor(slate.Type);
        }
    }

    private static string MessageFor(SlateFileType type)
    {
        var limits = FormattableString.Invariant(
            $"of at most {WorkerInput.MaxSlatePixels / 1_000_000} megapixels, decodable within {WorkerLimits.SlateCheck.ProcessorSeconds} s");
        return type == SlateFileType.Mp4
            ? $"The slate is not a usable MP4 clip. Its video must be H.264, HEVC, VP9 or AV1, with a first frame {limits}."
            : $"The slate is not a usable {(type == SlateFileType.Png ? "PNG" : "JPEG")} image. It must be complete and {limits}.";
    }
}

internal static partial class SlateValidatorLog
{
    [LoggerMessage(2065, LogLevel.Information, "Uploaded slate rejected: {Reason}")]
    public static partial void Invalid(ILogger logger, string reason);
}
