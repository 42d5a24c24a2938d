using System.Globalization;
using Broadcast.Media;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.Delivery;

/// <summary>
/// Common media server data (CTA-5006): the type of an object, for caches and players. Only the static properties, which are the same for
/// all clients; <c>CMSD-Dynamic</c> values must not be cached by edges.
/// </summary>
internal static class Cmsd
{
    /// <summary>Name of the header.</summary>
    public const string Header = "CMSD-Static";

    /// <summary>Sets the header, unless the value is <see langword="null"/>.</summary>
    public static void SetHeader(IHeaderDictionary headers, string? value)
    {
        if (value is not null)
        {
            headers[Header] = value;
        }
    }

    /// <summary>Value for a playlist or MPD: a manifest of HLS or DASH.</summary>
    public static string? OfDocument(string contentType) => contentType switch
    {
        ContentTypes.Hls => "ot=m,sf=h",
        ContentTypes.Dash => "ot=m,sf=d",
        _ => null,
    };

    /// <summary>Value for a segment or part: media type, duration in milliseconds, and bitrate in kilobits per second.</summary>
    public static string OfMedia(TrackKind kind, MediaTime duration, long bytes)
    {
        var milliseconds = (long)Math.Round(duration.TotalSeconds * 1000);
        return milliseconds > 0
            ? string.Create(CultureInfo.InvariantCulture,
                $"br={((bytes * 8) + milliseconds - 1) / milliseconds},d={milliseconds},ot={Letter(kind)}")
            : $"ot={Letter(kind)}";
    }

    /// <summary>Value for media of unknown duration: it left the live window or is still being written.</summary>
    public static string OfKind(TrackKind kind) => $"ot={Letter(kind)}";

    /// <summary>Value for an init segment.</summary>
    public const string OfInit = "ot=i";

    private static char Letter(TrackKind kind) => kind == TrackKind.Audio ? 'a' : 'v';
}
