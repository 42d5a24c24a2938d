using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Broadcast.Testing;

/// <summary>Marks a test class that is among the longest of its project.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class LongRunningAttribute : Attribute;

/// <summary>
/// Starts the classes with <see cref="LongRunningAttribute"/> before the others, so that no long class runs alone at the end. The order of
/// the others does not change.
/// </summary>
public sealed class LongestClassesFirst : ITestCollectionOrderer
{
    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection
    {
        var types = testCollections.OfType<IXunitTestCollection>().Select(collection => collection.TestAssembly.Assembly).Distinct()
            .SelectMany(assembly => assembly.GetTypes()).Where(type => type.GetCustomAttribute<LongRunningAttribute>() is not null);
        var names = types.Select(NameOfCollection).ToList();
        return [.. testCollections.OrderBy(collection =>
            names.Any(name => collection.TestCollectionDisplayName.StartsWith(name, StringComparison.Ordinal)) ? 0 : 1)];
    }

    // xunit names the collection of a class without attribute "Test collection for NAMESPACE.CLASS (id: HASH)".
    private static string NameOfCollection(Type type) =>
        type.GetCustomAttribute<CollectionAttribute>() is { } collection ? collection.Name : $"Test collection for {type.FullName} ";
}
