namespace Broadcast.Media;

/// <summary>An object, or a file of the spool that is to become one, as it was found.</summary>
/// <param name="Length">Its bytes.</param>
/// <param name="Written">When it was last written to.</param>
/// <param name="IsStored">Whether the store has it.</param>
/// <param name="IsOpen">Whether it is a file of the spool that has not been handed to the store.</param>
public readonly record struct FoundObject(long Length, DateTimeOffset Written, bool IsStored, bool IsOpen);

/// <summary>How what was found differs from what is announced.</summary>
public enum ObjectDifference
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>It is nowhere.</summary>
    Missing,

    /// <summary>It has another length.</summary>
    WrongLength,
}

/// <summary>
/// Holds what was found in one folder of a session against what its timeline announces. First every announced object is looked up; what is left then, nobody named. Pure.
/// </summary>
/// <param name="found">Objects by name. What is looked up is taken out.</param>
/// <param name="isOver">Whether the session is over: then nothing grows any more.</param>
public sealed class ObjectComparison(Dictionary<ObjectName, FoundObject> found, bool isOver)
{
    private readonly HashSet<ObjectName> _twice = [];

    /// <summary>What nobody named so far.</summary>
    public IReadOnlyDictionary<ObjectName, FoundObject> Unnamed => found;

    /// <summary>Looks an announced object up.</summary>
    /// <param name="expected">The object.</param>
    /// <param name="there">What was found, unless it is missing.</param>
    public ObjectDifference Look(ExpectedObject expected, out FoundObject there)
    {
        if (!found.Remove(expected.Name, out there))
        {
            // Pictures at the edge of a chapter may be named by both sides of it.
            return _twice.Contains(expected.Name) ? ObjectDifference.None : ObjectDifference.Missing;
        }

        if (expected.Kind is SessionObjectKind.Sheet or SessionObjectKind.Poster)
        {
            _twice.Add(expected.Name);
        }

        // What a process wrote and did not live to announce is cut off when the session is recovered, and until then only in the spool.
        var mayBeLonger = !isOver && !there.IsStored && (expected.MayGrow || there.IsOpen);
        return there.Length == expected.Length || (mayBeLonger && there.Length > expected.Length) ? ObjectDifference.None : ObjectDifference.WrongLength;
    }
}
