using System.Globalization;
using System.Text;
using Broadcast.Media;
using Microsoft.Net.Http.Headers;

namespace Broadcast.Origin.Recordings;

/// <summary>What a download is called on the disk of whoever saves it.</summary>
internal static class DownloadName
{
    /// <summary>Longest title in a name, in characters: with four bytes each they fit into the 255 bytes that a name may have, date and ending included.</summary>
    private const int MaxTitle = 50;

    /// <summary>
    /// The header that says so (RFC 6266): in ASCII for who knows no more, and whole as <c>filename*</c>. A name is a title (or the channel), when it began (UTC), and the rendition where one was asked
    /// for; whatever could lead out of a folder, or is no part of a name on some system, is left out.
    /// </summary>
    /// <param name="title">The recording's title; may be empty.</param>
    /// <param name="channel">Its channel.</param>
    /// <param name="begin">When it began.</param>
    /// <param name="rendition">The rendition that was asked for, or <see langword="null"/>.</param>
    public static string Disposition(string title, ChannelName channel, DateTimeOffset begin, string? rendition)
    {
        var header = new ContentDispositionHeaderValue("attachment");
        header.SetHttpFileName(Of(title, channel, begin, rendition));
        return header.ToString();
    }

    /// <summary>The name.</summary>
    public static string Of(string title, ChannelName channel, DateTimeOffset begin, string? rendition)
    {
        var name = Cleaned(title);
        return string.Create(
            CultureInfo.InvariantCulture, $"{(name.Length > 0 ? name : channel.Value)} {begin.UtcDateTime:yyyy-MM-dd HH.mm}{(rendition is null ? "" : " " + rendition)}.mp4");
    }

    private static string Cleaned(string title)
    {
        var name = new StringBuilder();
        var count = 0;
        foreach (var rune in title.EnumerateRunes())
        {
            // A half of a pair comes as the replacement character.
            var isGood = rune != Rune.ReplacementChar && Rune.GetUnicodeCategory(rune) is not
                (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned)
                && !(rune.IsAscii && "\"*/:<>?\\|%".Contains((char)rune.Value, StringComparison.Ordinal));
            if (isGood && count++ < MaxTitle)
            {
                name.Append(rune.ToString());
            }
        }

        // A dot in front hides a file, and behind it some systems drop it.
        return name.ToString().Trim(' ', '.', '~', '-');
    }
}
