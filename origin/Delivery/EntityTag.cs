using Microsoft.Extensions.Primitives;

namespace Broadcast.Origin.Delivery;

/// <summary>Compares entity tags (RFC 9110, 8.8.3 and 13.1).</summary>
internal static class EntityTag
{
    /// <summary>
    /// Returns whether <c>If-None-Match</c> contains the current tag, so that the response is 304. Weak comparison, as the RFC requires.
    /// </summary>
    public static bool IsKnown(StringValues ifNoneMatch, string tag)
    {
        foreach (var header in ifNoneMatch)
        {
            foreach (var range in header.AsSpan().Split(','))
            {
                var candidate = header.AsSpan()[range].Trim();
                if (candidate.StartsWith("W/", StringComparison.Ordinal))
                {
                    candidate = candidate[2..];
                }

                if (candidate is "*" || candidate.SequenceEqual(tag))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>
    /// Returns whether <c>If-Range</c> allows a range response. Strong comparison; a date never matches, because responses have no
    /// <c>Last-Modified</c>.
    /// </summary>
    public static bool AllowsRange(StringValues ifRange, string tag) => ifRange.Count == 0 || (ifRange.Count == 1 && ifRange[0] == tag);
}
