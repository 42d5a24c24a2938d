using System.Globalization;
using Broadcast.Ingest.Rtmp.Proxies;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Ingest;

/// <summary>Names every value of <see cref="IngestOptions"/> that cannot be.</summary>
internal sealed class IngestOptionsValidator : IValidateOptions<IngestOptions>
{
    public ValidateOptionsResult Validate(string? name, IngestOptions options)
    {
        var builder = new ValidateOptionsResultBuilder();
        if (options.Application.Length is 0 or > 64 || !options.Application.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            builder.AddError($"{IngestOptions.Section}:{nameof(options.Application)} is '{options.Application}'; use 1 to 64 letters, digits, '-' and '_'.");
        }

        var tenth = TimeSpan.FromMilliseconds(100);
        Time(builder, nameof(options.HandshakeTimeout), options.HandshakeTimeout, tenth, TimeSpan.FromMinutes(1));
        Time(builder, nameof(options.PublishTimeout), options.PublishTimeout, tenth, TimeSpan.FromMinutes(5));
        Time(builder, nameof(options.FirstMediaTimeout), options.FirstMediaTimeout, tenth, TimeSpan.FromMinutes(5));
        Time(builder, nameof(options.KeyframeTimeout), options.KeyframeTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        Time(builder, nameof(options.SilenceTimeout), options.SilenceTimeout, tenth, TimeSpan.FromMinutes(10));
        Time(builder, nameof(options.PingInterval), options.PingInterval, tenth, TimeSpan.FromMinutes(5));
        Time(builder, nameof(options.WriteTimeout), options.WriteTimeout, tenth, TimeSpan.FromMinutes(1));
        Time(builder, nameof(options.AuthorityTimeout), options.AuthorityTimeout, tenth, TimeSpan.FromMinutes(1));
        Time(builder, nameof(options.DrainTimeout), options.DrainTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Time(builder, nameof(options.ReconnectWait), options.ReconnectWait, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        if (options.ReconnectUrl is not null
            && !(Uri.TryCreate(options.ReconnectUrl, UriKind.Absolute, out var url) && url is { Scheme: "rtmp" or "rtmps", UserInfo.Length: 0 }))
        {
            builder.AddError($"{IngestOptions.Section}:{nameof(options.ReconnectUrl)} is no address like rtmp://HOST:1935/live.");
        }

        Time(builder, nameof(options.GatherTime), options.GatherTime, TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
        Time(builder, nameof(options.RefusalDelay), options.RefusalDelay, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Number(builder, nameof(options.MaxUnpublishedConnections), options.MaxUnpublishedConnections, 1, 1_000_000);
        Number(builder, nameof(options.MaxUnpublishedConnectionsPerAddress), options.MaxUnpublishedConnectionsPerAddress, 1, 1_000_000);
        Number(builder, nameof(options.MaxBytesBeforePublish), options.MaxBytesBeforePublish, 4096, 16 * 1024 * 1024);
        Number(builder, nameof(options.MinimumChunkSize), options.MinimumChunkSize, 1, 65_536);
        Number(builder, nameof(options.MaxAudioMessageBytes), options.MaxAudioMessageBytes, 1024, 16 * 1024 * 1024);
        Number(builder, nameof(options.MaxVideoMessageBytes), options.MaxVideoMessageBytes, 64 * 1024, 0xFFFFFF);
        Number(builder, nameof(options.MaxDataMessageBytes), options.MaxDataMessageBytes, 1024, 1024 * 1024);
        Number(builder, nameof(options.MaxPartialBytes), options.MaxPartialBytes, 64 * 1024, 256 * 1024 * 1024);
        Number(builder, nameof(options.MaxChunkStreams), options.MaxChunkStreams, 8, 1024);
        Number(builder, nameof(options.MaxPictureSide), options.MaxPictureSide, 256, 8192);
        Number(builder, nameof(options.MaxFrameRate), options.MaxFrameRate, 1, 1000);
        Number(builder, nameof(options.MaxMegabitsPerSecond), options.MaxMegabitsPerSecond, 1, 10_000);
        if (!TrustedNetworks.TryParse(options.TrustedProxies, out _, out var wrong))
        {
            builder.AddError($"{IngestOptions.Section}:{nameof(options.TrustedProxies)} holds '{wrong}', {NetworkText.Complaint(wrong, "which is no address and no network; write 10.0.0.0/8, 192.0.2.7")}.");
        }

        return builder.Build();
    }

    private static void Time(ValidateOptionsResultBuilder builder, string name, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most)
        {
            builder.AddError(string.Create(CultureInfo.InvariantCulture, $"{IngestOptions.Section}:{name} is {value}; use {least} to {most}."));
        }
    }

    private static void Number(ValidateOptionsResultBuilder builder, string name, int value, int least, int most)
    {
        if (value < least || value > most)
        {
            builder.AddError(string.Create(CultureInfo.InvariantCulture, $"{IngestOptions.Section}:{name} is {value}; use {least} to {most}."));
        }
    }
}
