using System.Buffers;
using System.Globalization;
using Broadcast.Chat.Filters.Folding;

namespace Broadcast.Chat.Filters.Links;

/// <summary>A link in a text.</summary>
/// <param name="Host">The host as in the text, in lowercase, without port and user; never longer than 253 characters.</param>
/// <param name="Start">Start of the link in UTF-16 units.</param>
/// <param name="Length">Length up to the end of the host in UTF-16 units.</param>
internal readonly record struct Link(string Host, int Start, int Length);

/// <summary>
/// Search for links: addresses with a scheme, with <c>www.</c>, domains with a known top-level domain, IPv4 addresses, and domains with a
/// disguised dot. Sentences without a space after the full stop, file names, numbers and times are not links.
/// </summary>
internal static class LinkFinder
{
    private static readonly SearchValues<char> Dots = SearchValues.Create(['.', LinkText.HiddenDot, LinkText.SpacedDot, LinkText.DotWord]);

    /// <summary>Finds the first link to a host for which a condition holds.</summary>
    /// <param name="text">The text.</param>
    /// <param name="isSought">The condition, given the host.</param>
    public static Link? Find(string text, Func<string, bool> isSought)
    {
        using var read = LinkText.Of(text);
        var characters = read.Characters;
        var isInPath = false;
        for (var at = 0; at < characters.Length; at++)
        {
            if (characters[at] == ' ')
            {
                isInPath = false;
            }
            else if (characters[at] == ':' && SchemeStart(characters, at) is var scheme and >= 0)
            {
                var host = Authority(characters, at + 3);
                var hostEnd = Math.Max(host.End, at + 4);
                if (Sought(read, scheme, host.Start, host.End, hostEnd, isSought) is { } link)
                {
                    return link;
                }

                (at, isInPath) = (hostEnd - 1, true);
            }
            else if (!isInPath && IsLabelStart(characters, at))
            {
                // "https://" is read at its colon.
                var labelsEnd = LabelsEnd(characters, at);
                if (labelsEnd < characters.Length && characters[labelsEnd] == ':' && SchemeStart(characters, labelsEnd) >= 0)
                {
                    at = labelsEnd - 1;
                    continue;
                }

                var hostEnd = HostEnd(characters, at, labelsEnd);
                if (hostEnd > at && Sought(read, at, at, hostEnd, hostEnd, isSought) is { } link)
                {
                    return link;
                }

                isInPath = hostEnd > at && hostEnd < characters.Length && characters[hostEnd] is '/' or '?' or '#' or ':';
                at = Math.Max(hostEnd, labelsEnd) - 1;
            }
        }

        return null;
    }

    private static Link? Sought(LinkText read, int start, int hostStart, int hostEnd, int end, Func<string, bool> isSought)
    {
        var host = read.Characters[hostStart..Math.Min(hostEnd, hostStart + DomainName.MaxLength)].ToString()
            .Replace(LinkText.HiddenDot, '.').Replace(LinkText.SpacedDot, '.').Replace(LinkText.DotWord, '.');
        return isSought(host) ? new Link(host, read.StartOf(start), read.StartOf(end) - read.StartOf(start)) : null;
    }

    // Start of the scheme before "://", which has at least two letters and is followed by a host; -1 for none.
    private static int SchemeStart(ReadOnlySpan<char> characters, int colon)
    {
        if (!characters[colon..].StartsWith("://") || colon + 3 >= characters.Length
            || !(char.IsLetterOrDigit(characters[colon + 3]) || characters[colon + 3] == '['))
        {
            return -1;
        }

        const int maxScheme = 16;
        var start = colon;
        while (start > 0 && colon - start < maxScheme && char.IsAsciiLetterOrDigit(characters[start - 1]))
        {
            start--;
        }

        return colon - start >= 2 ? start : -1;
    }

    // The host between the user and the port of an address (RFC 3986, 3.2).
    private static (int Start, int End) Authority(ReadOnlySpan<char> characters, int start)
    {
        var end = start;
        while (end < characters.Length && characters[end] is not (' ' or '/' or '\\' or '?' or '#'))
        {
            end++;
        }

        start += characters[start..end].LastIndexOf('@') + 1;
        var port = characters[start..end].LastIndexOf(':');
        if (port >= 0 && !characters[start..end].EndsWith("]"))
        {
            end = start + port;
        }

        // Punctuation of the sentence.
        while (end > start && characters[end - 1] is '.' or ',' or '!' or ')' or ';' or '"' or '\'' or '>')
        {
            end--;
        }

        return (start, end);
    }

    private static bool IsDot(char c) => Dots.Contains(c);

    private static bool IsLabel(char c) => char.IsLetterOrDigit(c) || c == '-'
        || char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private static bool IsLabelStart(ReadOnlySpan<char> characters, int at) => char.IsLetterOrDigit(characters[at])
        && (at == 0 || !IsLabel(characters[at - 1]) || IsScriptChange(characters[at - 1], characters[at]));

    // Domains in text without spaces end where ASCII letters begin or end: "見てexample.comです".
    private static bool IsScriptChange(char before, char after) => IsUnspaced(before) != IsUnspaced(after);

    private static bool IsUnspaced(char c) => c > 0x7F && LookAlikes.ScriptOf(c) == Scripts.Unspaced;

    // End of labels with single dots between them.
    private static int LabelsEnd(ReadOnlySpan<char> characters, int at)
    {
        var end = at + 1;
        while (end < characters.Length)
        {
            if (IsLabel(characters[end]))
            {
                if (!IsDot(characters[end - 1]) && IsScriptChange(characters[end - 1], characters[end]))
                {
                    break;
                }
            }
            else if (!IsDot(characters[end]) || end + 1 >= characters.Length || !char.IsLetterOrDigit(characters[end + 1]))
            {
                break;
            }

            end++;
        }

        return end;
    }

    // End of the longest host that begins at the first of these labels; the start when there is none.
    private static int HostEnd(ReadOnlySpan<char> characters, int start, int end)
    {
        var labels = characters[start..end];
        var firstDot = labels.IndexOfAny(Dots);
        if (firstDot < 0)
        {
            return start;
        }

        // A disguised dot after "www" is also one.
        var hasPrefix = labels[..firstDot] is "www" or "www2" or "www3";
        if (hasPrefix || IsAddress(labels, hasPath: end < characters.Length && characters[end] is '/' or ':'))
        {
            return end;
        }

        var labelEnd = labels.Length;
        for (var dot = labels.LastIndexOfAny(Dots); dot >= 0;)
        {
            var dotBefore = labels[..dot].LastIndexOfAny(Dots);
            if (IsTopLevel(characters, start + dot, start + labelEnd, labels[(dotBefore + 1)..dot]))
            {
                return start + labelEnd;
            }

            (labelEnd, dot) = (dot, dotBefore);
        }

        return start;
    }

    private static bool IsTopLevel(ReadOnlySpan<char> characters, int dot, int end, ReadOnlySpan<char> before)
    {
        var label = characters[(dot + 1)..end];
        var name = System.Text.Ascii.IsValid(label) ? label : Shape(label);
        switch (characters[dot])
        {
            case LinkText.SpacedDot:
                return TopLevelDomains.IsFrequent(name) && HasLetter(before);
            case LinkText.DotWord:
                return TopLevelDomains.IsDistinct(name) && HasLetter(before);
            case LinkText.HiddenDot:
                return TopLevelDomains.IsDistinct(name) || TopLevelDomains.IsWord(name) || TopLevelDomains.IsFile(name);
        }

        if (TopLevelDomains.IsDistinct(label) || TopLevelDomains.IsDistinct(name))
        {
            // "f.Kr." is an abbreviation, but x.com is a domain.
            return TopLevelDomains.IsFrequent(name) || (HasLetter(before) && before.Length > 1);
        }

        var hasPath = end + 1 < characters.Length && characters[end] is '/' or '?' && characters[end + 1] != ' ';
        return HasLetter(before) && (hasPath
            ? TopLevelDomains.IsWord(name) || TopLevelDomains.IsFile(name)
            : TopLevelDomains.IsWord(name) && (before.ContainsAnyInRange('0', '9') || before.Contains('-')));
    }

    // The ASCII letters that a label looks like, so that a Cyrillic letter does not hide "com".
    private static string Shape(ReadOnlySpan<char> label)
    {
        const int maxTopLevel = 24;
        if (label.Length > maxTopLevel)
        {
            return "";
        }

        Span<char> shape = stackalloc char[maxTopLevel];
        var length = 0;
        foreach (var c in label)
        {
            shape[length++] = c < 0x80 ? c : LookAlikes.Fold(c, out _) is { Length: 1 } letter && letter[0] < 0x80 ? letter[0] : c;
        }

        return shape[..length].ToString();
    }

    private static bool HasLetter(ReadOnlySpan<char> label)
    {
        foreach (var c in label)
        {
            if (char.IsLetter(c))
            {
                return true;
            }
        }

        return false;
    }

    // Four numbers up to 255. Without a path or port, two of them have several digits: "1.2.3.4" is the number of a version or section.
    private static bool IsAddress(ReadOnlySpan<char> labels, bool hasPath)
    {
        var (count, large) = (0, 0);
        foreach (var range in labels.Split('.'))
        {
            if (++count > 4 || !byte.TryParse(labels[range], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            large += number >= 10 ? 1 : 0;
        }

        return count == 4 && (hasPath || large >= 2);
    }
}
