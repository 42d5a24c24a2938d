using Microsoft.Extensions.Primitives;

namespace Broadcast.Origin.Delivery;

/// <summary>Compares entity tags (RFC 9110, 8.8.3 and 13.1).</summary>
internal static class EntityTag
{
    /// <summary>Whether <c>If-None-Match</c> names what we would send, so that 304 is the answer. Weak comparison, as the RFC has it.</summary>
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

    /// <summary>Whether <c>If-Range</c> lets a range be given. Strong comparison; a date never matches, because we give none.</summary>
    public static bool AllowsRange(StringValues ifRange, string tag) => ifRange.Count == 0 || (ifRange.Count == 1 && ifRange[0] == tag);
}
