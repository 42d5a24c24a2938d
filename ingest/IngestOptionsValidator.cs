using System.Globalization;
using Broadcast.Ingest.Rtmp.Proxies;
using Broadcast.Media.Outbound;
using Microsoft.Extensions.Options;

namespace Broadcast.Ingest;

/// <summary>Reports every invalid value of <see cref="IngestOptions"/>.</summary>
internal sealed class IngestOptionsValidator : IValidateOptions<IngestOptions>
{
    public ValidateOptionsResult Validate(string? name, IngestOptions options)
    {
        var builder = new ValidateOptionsResultBuilder();
        if (options.Application.Length is 0 or > 64 || !options.Application.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            builder.AddError(
                $"{IngestOptions.Section}:{nameof(options.Application)} is '{options.Application}'; use 1 to 64 letters, digits, - and _.");
        }

        var tenthOfSecond = TimeSpan.FromMilliseconds(100);
        CheckTime(builder, nameof(options.HandshakeTimeout), options.HandshakeTimeout, tenthOfSecond, TimeSpan.FromMinutes(1));
        CheckTime(builder, nameof(options.PublishTimeout), options.PublishTimeout, tenthOfSecond, TimeSpan.FromMinutes(5));
        CheckTime(builder, nameof(options.FirstMediaTimeout), options.FirstMediaTimeout, tenthOfSecond, TimeSpan.FromMinutes(5));
        CheckTime(builder, nameof(options.KeyframeTimeout), options.KeyframeTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        CheckTime(builder, nameof(options.InputLossTimeout), options.InputLossTimeout, tenthOfSecond, TimeSpan.FromMinutes(10));
        CheckTime(builder, nameof(options.PingInterval), options.PingInterval, tenthOfSecond, TimeSpan.FromMinutes(5));
        CheckTime(builder, nameof(options.WriteTimeout), options.WriteTimeout, tenthOfSecond, TimeSpan.FromMinutes(1));
        CheckTime(builder, nameof(options.AuthorizationTimeout), options.AuthorizationTimeout, tenthOfSecond, TimeSpan.FromMinutes(1));
        CheckTime(builder, nameof(options.DrainTimeout), options.DrainTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        CheckTime(builder, nameof(options.OwnerWait), options.OwnerWait, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        CheckTime(builder, nameof(options.ReconnectWait), options.ReconnectWait, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        if (options.ReconnectUrl is not null
            && !(Uri.TryCreate(options.ReconnectUrl, UriKind.Absolute, out var url)
                && url is { Scheme: "rtmp" or "rtmps", UserInfo.Length: 0 }))
        {
            builder.AddError($"{IngestOptions.Section}:{nameof(options.ReconnectUrl)} is not a URL such as rtmp://HOST:1935/live.");
        }

        CheckTime(builder, nameof(options.MaxReadDelay), options.MaxReadDelay, TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
        CheckTime(builder, nameof(options.RejectionDelay), options.RejectionDelay, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        CheckNumber(builder, nameof(options.MaxUnpublishedConnections), options.MaxUnpublishedConnections, 1, 1_000_000);
        CheckNumber(builder, nameof(options.MaxUnpublishedConnectionsPerAddress), options.MaxUnpublishedConnectionsPerAddress,
            1, 1_000_000);
        CheckNumber(builder, nameof(options.MaxBytesBeforePublish), options.MaxBytesBeforePublish, 4096, 16 * 1024 * 1024);
        CheckNumber(builder, nameof(options.MinimumChunkSize), options.MinimumChunkSize, 1, 65_536);
        CheckNumber(builder, nameof(options.MaxAudioMessageBytes), options.MaxAudioMessageBytes, 1024, 16 * 1024 * 1024);
        CheckNumber(builder, nameof(options.MaxVideoMessageBytes), options.MaxVideoMessageBytes, 64 * 1024, 0xFFFFFF);
        CheckNumber(builder, nameof(options.MaxDataMessageBytes), options.MaxDataMessageBytes, 1024, 1024 * 1024);
        CheckNumber(builder, nameof(options.MaxPartialBytes), options.MaxPartialBytes, 64 * 1024, 256 * 1024 * 1024);
        CheckNumber(builder, nameof(options.MaxChunkStreams), options.MaxChunkStreams, 8, 1024);
        CheckNumber(builder, nameof(options.MaxFrameDimension), options.MaxFrameDimension, 256, 8192);
        CheckNumber(builder, nameof(options.MaxFrameRate), options.MaxFrameRate, 1, 1000);
        CheckNumber(builder, nameof(options.MaxMegabitsPerSecond), options.MaxMegabitsPerSecond, 1, 10_000);
        if (!TrustedNetworks.TryParse(options.TrustedProxies, out _, out var invalid))
        {
            builder.AddError(
                $"{IngestOptions.Section}:{nameof(options.TrustedProxies)} contains "
                + $"'{invalid}', {CidrListParser.DescribeError(invalid, "which is not an address or network; use 10.0.0.0/8, 192.0.2.7")}.");
        }

        return builder.Build();
    }

    private static void CheckTime(ValidateOptionsResultBuilder builder, string name, TimeSpan value, TimeSpan min, TimeSpan max)
    {
        if (value < min || value > max)
        {
            builder.AddError(
                string.Create(CultureInfo.InvariantCulture, $"{IngestOptions.Section}:{name} is {value}; use {min} to {max}."));
        }
    }

    private static void CheckNumber(ValidateOptionsResultBuilder builder, string name, int value, int min, int max)
    {
        if (value < min || value > max)
        {
            builder.AddError(
                string.Create(CultureInfo.InvariantCulture, $"{IngestOptions.Section}:{name} is {value}; use {min} to {max}."));
        }
    }
}
