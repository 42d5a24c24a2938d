using System.Globalization;
using System.Xml.Linq;

namespace Broadcast.Origin.Dash;

/// <summary>
/// What has changed from one MPD to the next, as an MPD patch (ISO/IEC 23009-1, 5.15, with the operations of RFC 5261). Pure. Applied to the older, it gives the newer exactly. Selectors keep to what
/// the standard allows and dash.js 5.2 and Shaka 5.2 read: periods, sets and representations by <c>@id</c>, the rest by position, <c>S</c> elements always as a whole.
/// </summary>
internal static class MpdPatch
{
    /// <summary>Namespace of <c>Patch</c>.</summary>
    public static readonly XNamespace Namespace = "urn:mpeg:dash:schema:mpd-patch:2020";

    private const string Timeline = "SegmentTimeline";

    /// <summary>The patch.</summary>
    /// <param name="older">The MPD that it is applied to; has <c>@id</c> and <c>@publishTime</c>.</param>
    /// <param name="newer">The MPD that it gives.</param>
    public static XElement Between(XElement older, XElement newer)
    {
        var operations = new List<XElement>();
        Compare(older, newer, "/MPD", operations);
        return Element(newer, (string)older.Attribute("publishTime")!, operations);
    }

    /// <summary>
    /// A patch that changes nothing and fits only the MPD it is made of. Who has that MPD learns that there is nothing new; to others, whose MPD we do not know any more, it says in a way that
    /// dash.js 5.2 and Shaka 5.2 both take at once (unlike an error) that they need the whole.
    /// </summary>
    public static XElement Empty(XElement newest) => Element(newest, (string)newest.Attribute("publishTime")!, []);

    private static XElement Element(XElement newer, string originalPublishTime, IEnumerable<XElement> operations) => new(
        Namespace + "Patch",
        new XAttribute("mpdId", (string)newer.Attribute("id")!),
        new XAttribute("originalPublishTime", originalPublishTime),
        new XAttribute("publishTime", (string)newer.Attribute("publishTime")!),
        operations);

    private static void Compare(XElement older, XElement newer, string path, List<XElement> operations)
    {
        var (before, after) = (Keyed(older), Keyed(newer));
        var kept = before.Select(child => child.Key).Intersect(after.Select(child => child.Key)).ToHashSet(StringComparer.Ordinal);
        if (older.Parent is not null && !before.Select(child => child.Key).Where(kept.Contains).SequenceEqual(after.Select(child => child.Key).Where(kept.Contains)))
        {
            operations.Add(Operation("replace", path, new XElement(newer)));
            return;
        }

        CompareAttributes(older, newer, path, operations);
        if (older.Name.LocalName == Timeline)
        {
            CompareTimelines([.. older.Elements()], [.. newer.Elements()], path, operations);
            return;
        }

        foreach (var (key, child) in before.Where(child => !kept.Contains(child.Key)).Reverse())
        {
            operations.Add(Operation("remove", $"{path}/{key}"));
        }

        // What is left keeps its order; each new one is put behind the one before it. Positions count again from here.
        string? previous = null;
        var added = new List<XElement>();
        foreach (var (key, child) in after)
        {
            if (kept.Contains(key))
            {
                Flush();
                var old = before.First(item => item.Key == key).Child;
                if (child.HasElements || old.HasElements || old.Value == child.Value)
                {
                    Compare(old, child, $"{path}/{key}", operations);
                }
                else
                {
                    operations.Add(Operation("replace", $"{path}/{key}", new XElement(child)));
                }

                previous = key;
            }
            else
            {
                added.Add(new XElement(child));
            }
        }

        Flush();

        void Flush()
        {
            if (added.Count > 0)
            {
                var operation = Operation("add", previous is null ? path : $"{path}/{previous}", [.. added]);
                operation.Add(new XAttribute("pos", previous is null ? "prepend" : "after"));
                operations.Add(operation);
                previous = Keyed(newer).Last(item => XNode.DeepEquals(item.Child, added[^1])).Key;
                added.Clear();
            }
        }
    }

    private static void CompareAttributes(XElement older, XElement newer, string path, List<XElement> operations)
    {
        foreach (var attribute in older.Attributes().Where(attribute => newer.Attribute(attribute.Name) is null))
        {
            operations.Add(Operation("remove", $"{path}/@{attribute.Name.LocalName}"));
        }

        foreach (var attribute in newer.Attributes().Where(attribute => !attribute.IsNamespaceDeclaration))
        {
            if (older.Attribute(attribute.Name) is not { } old)
            {
                operations.Add(Operation("add", path, new XAttribute("type", $"@{attribute.Name.LocalName}"), attribute.Value));
            }
            else if (old.Value != attribute.Value)
            {
                operations.Add(Operation("replace", $"{path}/@{attribute.Name.LocalName}", attribute.Value));
            }
        }
    }

    /// <summary>Lists lose what is in front and get what is behind. What stays in its place but is not the same (the first, of which some have left; the last, which is repeated once more) is replaced.</summary>
    private static void CompareTimelines(List<XElement> older, List<XElement> newer, string path, List<XElement> operations)
    {
        var gone = newer.Count == 0 ? older.Count : Math.Max(0, Starts(older).FindLastIndex(start => start <= Starts(newer)[0]));
        gone = Math.Max(gone, 0);
        for (var i = 0; i < gone; i++)
        {
            operations.Add(Operation("remove", $"{path}/S[1]"));
        }

        var left = older.Count - gone;
        for (; left > newer.Count; left--)
        {
            operations.Add(Operation("remove", $"{path}/S[{Number(left)}]"));
        }

        for (var i = 0; i < left; i++)
        {
            if (!XNode.DeepEquals(older[gone + i], newer[i]))
            {
                operations.Add(Operation("replace", $"{path}/S[{Number(i + 1)}]", new XElement(newer[i])));
            }
        }

        if (newer.Count > left)
        {
            operations.Add(Operation("add", path, [.. newer.Skip(left).Select(each => new XElement(each))]));
        }
    }

    /// <summary>Where each <c>S</c> begins, in ticks.</summary>
    private static List<long> Starts(List<XElement> timeline)
    {
        var (starts, next) = (new List<long>(timeline.Count), 0L);
        foreach (var each in timeline)
        {
            var start = (long?)each.Attribute("t") ?? next;
            starts.Add(start);
            next = start + ((long)each.Attribute("d")! * (((long?)each.Attribute("r") ?? 0) + 1));
        }

        return starts;
    }

    /// <summary>An element's children with the step that selects each: by <c>@id</c> where that says which it is, otherwise by position among those of its name.</summary>
    private static List<(string Key, XElement Child)> Keyed(XElement element)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var keyed = new List<(string, XElement)>();
        foreach (var child in element.Elements())
        {
            var name = child.Name.LocalName;
            var position = counts[name] = counts.GetValueOrDefault(name) + 1;
            var id = name is "Period" or "AdaptationSet" or "Representation" ? (string?)child.Attribute("id") : null;
            keyed.Add((id is null ? $"{name}[{Number(position)}]" : $"{name}[@id='{id}']", child));
        }

        return keyed;
    }

    private static XElement Operation(string kind, string selector, params object[] content) => new(Namespace + kind, new XAttribute("sel", selector), content);

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
