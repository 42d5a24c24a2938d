using System.Globalization;
using System.Text;
using Broadcast.Media;
using Microsoft.Net.Http.Headers;

namespace Broadcast.Origin.Vod;

/// <summary>File names of downloads.</summary>
internal static class DownloadName
{
    /// <summary>
    /// Maximum title length in a file name, in characters. At four bytes each, the name with date and extension fits into 255 bytes.
    /// </summary>
    private const int MaxTitle = 50;

    /// <summary>
    /// The <c>Content-Disposition</c> header (RFC 6266), with an ASCII fallback and the full name as <c>filename*</c>. The name consists of
    /// the title (or channel), the start in UTC, and the requested rendition, if any. Characters that could leave a folder, or that some
    /// file system forbids, are omitted.
    /// </summary>
    /// <param name="title">The recording's title; may be empty.</param>
    /// <param name="channel">Its channel.</param>
    /// <param name="start">Wall-clock time of the start.</param>
    /// <param name="rendition">The requested rendition, or <see langword="null"/>.</param>
    public static string Disposition(string title, ChannelName channel, DateTimeOffset start, string? rendition)
    {
        var header = new ContentDispositionHeaderValue("attachment");
        header.SetHttpFileName(Of(title, channel, start, rendition));
        return header.ToString();
    }

    /// <summary>The file name.</summary>
    public static string Of(string title, ChannelName channel, DateTimeOffset start, string? rendition)
    {
        var name = Cleaned(title);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{(name.Length > 0 ? name : channel.Value)} {start.UtcDateTime:yyyy-MM-dd HH.mm}{(rendition is null ? "" : " " + rendition)}.mp4");
    }

    private static string Cleaned(string title)
    {
        var name = new StringBuilder();
        var count = 0;
        foreach (var rune in title.EnumerateRunes())
        {
            // An unpaired surrogate is enumerated as the replacement character.
            var isValid = rune != Rune.ReplacementChar && Rune.GetUnicodeCategory(rune) is not
                (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                    or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned)
                && !(rune.IsAscii && "\"*/:<>?\\|%".Contains((char)rune.Value, StringComparison.Ordinal));
            if (isValid && count++ < MaxTitle)
            {
                name.Append(rune.ToString());
            }
        }

        // A leading dot hides a file, and some systems drop a trailing dot.
        return name.ToString().Trim(' ', '.', '~', '-');
    }
}
