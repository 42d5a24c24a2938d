using System.Globalization;
using Broadcast.Media;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.Delivery;

/// <summary>
/// Common media server data (CTA-5006): what an object is, for caches and players that want to know without looking inside. Only what is true of the object itself and the same for everybody
/// who asks; of how a request went (<c>CMSD-Dynamic</c>) we know nothing that an edge could keep.
/// </summary>
internal static class Cmsd
{
    /// <summary>The header's name.</summary>
    public const string Header = "CMSD-Static";

    /// <summary>Sets the header; nothing when there is nothing to say.</summary>
    public static void Say(IHeaderDictionary headers, string? value)
    {
        if (value is not null)
        {
            headers[Header] = value;
        }
    }

    /// <summary>What a playlist or an MPD is: a manifest of HLS or DASH.</summary>
    public static string? OfDocument(string contentType) => contentType switch
    {
        ContentTypes.Hls => "ot=m,sf=h",
        ContentTypes.Dash => "ot=m,sf=d",
        _ => null,
    };

    /// <summary>What a segment or a part is: sound or pictures, its milliseconds, and its kilobits a second.</summary>
    public static string OfMedia(TrackKind kind, MediaTime duration, long bytes)
    {
        var milliseconds = (long)Math.Round(duration.TotalSeconds * 1000);
        return milliseconds > 0
            ? string.Create(CultureInfo.InvariantCulture, $"br={((bytes * 8) + milliseconds - 1) / milliseconds},d={milliseconds},ot={Letter(kind)}")
            : $"ot={Letter(kind)}";
    }

    /// <summary>What media is of which no more is known: it has left the window, or is being made.</summary>
    public static string OfKind(TrackKind kind) => $"ot={Letter(kind)}";

    /// <summary>What an init segment is.</summary>
    public const string OfInit = "ot=i";

    private static char Letter(TrackKind kind) => kind == TrackKind.Audio ? 'a' : 'v';
}
